using System.Net;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using RftAspire.Services.Tests.Jobs.Access.Ids;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>Every method with what nobody should send: a status that says whose fault it is, at once, and a service that goes on.</summary>
public sealed class HostileGrpcTests(HostileService service) : IClassFixture<HostileService>
{
    private static readonly string[] s_texts =
    [
        "", " ", "\0", "a\r\nb", "\u001b[2J", "../../etc/passwd", "..", "\u202e\u2028", "💥", "{}", "[]", "null", "{\"type\":1}", "{\"a\":1,\"a\":2}", new string('[', 100_000), new string('x', 1_000_000),
        "{\"a\":\"\\ud800\"}", "{\"\\ud800\":1}", "1e400", "-1", "ft:base:default::0:ckpt-step-99999999999", "outputitem__99999999999", "evalrun_1:items", "$", "{{", "*",
    ];

    private static readonly long[] s_numbers = [-1, 0, 1, int.MaxValue, int.MinValue];

    // Statuses that say "my fault".
    private static readonly StatusCode[] s_ours = [StatusCode.Internal, StatusCode.Unknown, StatusCode.DataLoss];

    [RedisFact]
    public async Task AnyMethod_HostileField_IsTheCallersFault()
    {
        foreach (var (method, descriptor) in Methods())
            foreach (var message in Messages(descriptor)) await AttackAsync(method, message);
        await service.AssertUnharmedAsync(_faults);
    }

    [RedisTheory]
    [InlineData("00 00 00 00 05 0a ff ff ff 7f"), InlineData("00 ff ff ff ff"), InlineData("01 00 00 00 01 00"), InlineData("07 00 00 00 00"), InlineData("00 00"), InlineData("")]
    [InlineData("00 7f ff ff ff 00")]
    public async Task AnyMethod_BrokenFrame_IsRefusedAndNothingIsLogged(string frame)
    {
        var bytes = Convert.FromHexString(frame.Replace(" ", "", StringComparison.Ordinal));
        foreach (var (method, _) in Methods())
        {
            var status = await SendAsync(method, bytes);
            Assert.True(status is not (StatusCode.OK or StatusCode.Unknown or StatusCode.Unavailable) || bytes.Length == 0, $"{method}: {status}");
        }
        await service.AssertUnharmedAsync(_faults);
    }

    [RedisFact]
    public async Task AnyMethod_LargerThanAMessageMayBe_IsRefused()
    {
        foreach (var (method, _) in Methods())
        {
            byte[] large = [0, 0, 0x50, 0, 0, .. new byte[0x500000]];
            Assert.True(await SendAsync(method, large) is StatusCode.ResourceExhausted or StatusCode.InvalidArgument, method);
        }
        await service.AssertUnharmedAsync(_faults);
    }

    private readonly List<string> _faults = [];

    private IEnumerable<(string Method, MessageDescriptor Request)> Methods() =>
        from endpoint in service.Endpoints
        let rpc = endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()
        where rpc is not null && rpc.Method.FullName.StartsWith("/rft.", StringComparison.Ordinal)
        select (rpc.Method.FullName, (MessageDescriptor)rpc.Method.GetType().GetGenericArguments()[0].GetProperty("Descriptor")!.GetValue(null)!);

    /// <summary>Messages with one hostile field each.</summary>
    private static IEnumerable<IMessage> Messages(MessageDescriptor descriptor, int depth = 0)
    {
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            foreach (var value in Values(field, depth))
            {
                var message = (IMessage)Activator.CreateInstance(descriptor.ClrType)!;
                value(message);
                yield return message;
            }
        }
    }

    private static IEnumerable<Action<IMessage>> Values(FieldDescriptor field, int depth)
    {
        if (field.IsMap) return [Map(field, 100_000), Map(field, 1)];
        var values = Singles(field, depth);
        if (!field.IsRepeated) return values.Select(value => (Action<IMessage>)(message => field.Accessor.SetValue(message, value)));
        return values.Select(value => Repeat(field, value, 1)).Append(Repeat(field, values.First(), 100_000));
    }

    private static IEnumerable<object> Singles(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.String => s_texts,
        FieldType.Bytes => [ByteString.Empty, ByteString.CopyFrom(new byte[100_000])],
        FieldType.Bool => [true],
        FieldType.Double => [double.NaN, double.PositiveInfinity, -1.0, double.MaxValue],
        FieldType.Int32 => s_numbers.Select(number => (object)(int)number),
        FieldType.Int64 => [.. s_numbers.Select(number => (object)number), long.MaxValue, long.MinValue],
        FieldType.Enum => [Enum.ToObject(field.EnumType.ClrType, -1), Enum.ToObject(field.EnumType.ClrType, 9999)],
        FieldType.Message when depth < 3 => Messages(field.MessageType, depth + 1).Prepend((IMessage)Activator.CreateInstance(field.MessageType.ClrType)!),
        _ => [],
    };

    private static Action<IMessage> Repeat(FieldDescriptor field, object value, int count) => message =>
    {
        var list = (System.Collections.IList)field.Accessor.GetValue(message);
        for (var i = 0; i < count; i++) list.Add(value);
    };

    private static Action<IMessage> Map(FieldDescriptor field, int count) => message =>
    {
        var map = (IDictionary<string, string>)field.Accessor.GetValue(message);
        for (var i = 0; i < count; i++) map[$"k\n\u001b{i}"] = "\0";
    };

    private async Task AttackAsync(string method, IMessage message)
    {
        using var request = IdRequests.Frame(new Uri(service.GrpcAddress, method), message);
        var (status, text) = await SendAsync(request);
        string Told() => $"{method} {Start(message.ToString()!)}: {status} {text[..Math.Min(text.Length, 500)]}";
        if (s_ours.Contains(status) || text.Length >= 8192) _faults.Add(Told());
    }

    private static string Start(string text) => text[..Math.Min(text.Length, 200)];

    private async Task<StatusCode> SendAsync(string method, byte[] frame)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service.GrpcAddress, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new("application/grpc") } },
        };
        return (await SendAsync(request)).Status;
    }

    private async Task<(StatusCode Status, string Text)> SendAsync(HttpRequestMessage request)
    {
        request.Headers.Add("grpc-timeout", "10S");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var answer = await service.Http.SendAsync(request, HttpCompletionOption.ResponseContentRead, patience.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var headers = answer.Headers.Concat(answer.TrailingHeaders).ToLookup(header => header.Key, header => string.Join(',', header.Value));
        return (Enum.Parse<StatusCode>(headers["grpc-status"].Single()), Uri.UnescapeDataString(headers["grpc-message"].FirstOrDefault() ?? ""));
    }
}
