using System.Text.Json;
using System.Text.RegularExpressions;
using Grpc.Core;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using Wire = RftAspire.Contracts.Graders.V1;

namespace RftAspire.Grading.Remote;

/// <summary>Asks a service of the user's own that speaks <c>rft.graders.v1</c>.</summary>
internal sealed partial class GrpcGrader(GrpcDefinition definition, RemoteLines lines) : IGrader
{
    private const int MaxSubRewards = 32;
    private static readonly TimeSpan s_descriptionAge = TimeSpan.FromSeconds(10);
    private readonly RemoteLine _line = lines.To(definition, "address", definition.Address);
    private readonly Wire.GraderService.GraderServiceClient _client = new(lines.Channel(definition.Address));
    private Description? _description;

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        try
        {
            var description = await DescribeAsync(request.JobId, cancellation);
            var answer = await CallAsync(options => _client.GradeAsync(ToWire(request), options).ResponseAsync, request.JobId, cancellation);
            return Read(answer, description) with { Explanation = answer.Explanation is { Length: > 0 } text ? text : null };
        }
        catch (RemoteFault fault)
        {
            return fault.ToResult();
        }
        catch (RpcException refused)
        {
            return new GradeResult.Ungraded(RemoteFault.Rejected, Text(refused.Status));
        }
    }

    /// <summary>What another's code rewards cannot be known.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [];

    /// <summary>The version that the service gives for itself; null where there is none, or where it cannot be asked.</summary>
    public async ValueTask<string?> VersionAsync(GradeRequest request, CancellationToken cancellation)
    {
        try
        {
            return (await DescribeAsync(request.JobId, cancellation)).Version is { Length: > 0 } version ? version : null;
        }
        catch (Exception error) when (error is RemoteFault or RpcException)
        {
            return null;
        }
    }

    // Several callers may ask at once; they get the same answer.
    private async ValueTask<Description> DescribeAsync(string? jobId, CancellationToken cancellation)
    {
        if (_description is { } known && TimeProvider.System.GetElapsedTime(known.At) < s_descriptionAge) return known;
        var asked = TimeProvider.System.GetTimestamp();
        try
        {
            var answer = await CallAsync(options => _client.DescribeAsync(new Wire.DescribeRequest { ConfigJson = definition.ConfigJson }, options).ResponseAsync, jobId, cancellation);
            return _description = new Description(asked, answer.Version, answer.Range is { } range ? new RewardRange(range.Min, range.Max) : null);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Unimplemented)
        {
            return _description = new Description(asked, "", null);
        }
    }

    private Task<T> CallAsync<T>(Func<CallOptions, Task<T>> call, string? jobId, CancellationToken cancellation) => _line.CallAsync(async token =>
    {
        try
        {
            return await call(new CallOptions(deadline: DateTime.UtcNow + definition.Timeout, cancellationToken: token));
        }
        catch (RpcException) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException(token);
        }
        catch (RpcException error) when (ToFault(error.Status) is { } fault)
        {
            throw fault;
        }
    }, definition.Timeout, pace: null, jobId, cancellation);

    private Wire.GradeRequest ToWire(GradeRequest request) => new()
    {
        Sample = new Wire.Sample
        {
            OutputText = request.Sample.OutputText,
            OutputJson = request.Sample.OutputJson?.GetRawText() ?? "",
            Reasoning = request.Sample.Reasoning,
            OutputToolsJson = request.Sample.OutputTools.GetRawText(),
            FinishReason = request.Sample.FinishReason == FinishReason.Length ? "length" : "stop",
        },
        ItemJson = request.Item.GetRawText(),
        TraceId = GradeDigest.TraceId(definition, request),
        JobId = request.JobId ?? "",
        ConfigJson = definition.ConfigJson,
    };

    private GradeResult Read(Wire.GradeResponse answer, Description description) => answer.ResultCase switch
    {
        Wire.GradeResponse.ResultOneofCase.Ungraded => new GradeResult.Ungraded(
            Name().IsMatch(answer.Ungraded.Kind) ? answer.Ungraded.Kind : RemoteFault.Result, RemoteText.Excerpt(answer.Ungraded.Message)),
        Wire.GradeResponse.ResultOneofCase.Reward when !double.IsFinite(answer.Reward) => Fault(FormattableString.Invariant($"answers the reward {answer.Reward}; a reward is a finite number")),
        Wire.GradeResponse.ResultOneofCase.Reward when description.Range is { } range && !range.Contains(answer.Reward) =>
            Fault(FormattableString.Invariant($"answers the reward {answer.Reward}, which is not from {range}, the range that it gives for itself")),
        Wire.GradeResponse.ResultOneofCase.Reward => new GradeResult.Reward(answer.Reward) { Parts = [.. SubRewards(answer)] },
        _ => Fault("answers neither reward nor ungraded; set one of them"),
    };

    private IEnumerable<GraderPart> SubRewards(Wire.GradeResponse answer) => answer.SubRewards
        .Where(part => Name().IsMatch(part.Key) && double.IsFinite(part.Value)).OrderBy(part => part.Key, StringComparer.Ordinal).Take(MaxSubRewards)
        .Select(part => new GraderPart { Name = $"{definition.Name}.{part.Key}", Type = definition.Type, Reward = part.Value });

    private RemoteFault? ToFault(Status status) => status.StatusCode switch
    {
        StatusCode.Unavailable => new(RemoteFault.Unavailable, Text(status)) { IsAway = true },
        StatusCode.ResourceExhausted => new(RemoteFault.Unavailable, Text(status)) { IsBusy = true },
        StatusCode.DeadlineExceeded => new(RemoteFault.TimedOut, Text(status)),
        StatusCode.Internal or StatusCode.Unknown or StatusCode.Aborted or StatusCode.Cancelled or StatusCode.DataLoss => new(RemoteFault.Unavailable, Text(status)),
        _ => null,
    };

    private GradeResult.Ungraded Fault(string message) => new(RemoteFault.Result, $"{_line.Address} {message}");

    private string Text(Status status) => $"{_line.Address} answers {status.StatusCode}: {RemoteText.Excerpt(status.Detail)}";

    [GeneratedRegex("^[A-Za-z0-9_]{1,64}\\z")]
    private static partial Regex Name();

    private sealed record Description(long At, string Version, RewardRange? Range);
}
