using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Alpha = Grpc.Reflection.V1Alpha;
using Answer = Grpc.Reflection.V1.ServerReflectionResponse.MessageResponseOneofCase;

namespace RftAspire.Embedded.Tests.Grpc;

public class ReflectionTests
{
    [Fact]
    public async Task ListServices_All_InOrder()
    {
        var answer = (await AskAsync(new ServerReflectionRequest { Host = "here", ListServices = "" })).Single();

        Assert.Equal("here", answer.ValidHost);
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "probe.v1.Probe"],
            answer.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [InlineData("probe.v1.Probe")]
    [InlineData("probe.v1.Probe.Echo")]
    [InlineData("probe.v1.EchoReply")]
    [InlineData("probe.v1.EchoReply.Mood")]
    public async Task FileContainingSymbol_Declared_IsTheFileWithItsImports(string symbol)
    {
        var answer = (await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol })).Single();

        var files = answer.FileDescriptorResponse.FileDescriptorProto;
        Assert.Equal(["Grpc/probe.proto", "google/protobuf/timestamp.proto"], files.Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name));
        // In the order of need the files make descriptors again.
        Assert.Equal(2, FileDescriptor.BuildFromByteStrings(files.Reverse()).Count);
    }

    [Fact]
    public async Task FileByFilename_Import_IsThatFile()
    {
        var answer = (await AskAsync(new ServerReflectionRequest { FileByFilename = "google/protobuf/timestamp.proto" })).Single();

        var file = FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto.Single());
        Assert.Equal("Timestamp", file.MessageType.Single().Name);
    }

    [Fact]
    public async Task Questions_WithoutAnswer_LeaveTheCallOpen()
    {
        var answers = await AskAsync(
            new ServerReflectionRequest { FileContainingSymbol = "probe.v1.Nothing" },
            new ServerReflectionRequest { FileByFilename = "nothing.proto" },
            new ServerReflectionRequest { AllExtensionNumbersOfType = "probe.v1.EchoReply" },
            new ServerReflectionRequest { FileContainingSymbol = "probe.v1.Probe" });

        Assert.Equal([Answer.ErrorResponse, Answer.ErrorResponse, Answer.ErrorResponse, Answer.FileDescriptorResponse], answers.Select(answer => answer.MessageResponseCase));
        Assert.Equal([5, 5, 12], answers.Take(3).Select(answer => answer.ErrorResponse.ErrorCode));
        Assert.Equal("probe.v1.Nothing", answers[0].OriginalRequest.FileContainingSymbol);
        Assert.Contains("probe.v1.Nothing", answers[0].ErrorResponse.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alpha_SameQuestion_HasTheSameAnswer()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = new Alpha.ServerReflection.ServerReflectionClient(server.Channel()).ServerReflectionInfo();
        var request = new ServerReflectionRequest { FileContainingSymbol = "probe.v1.Probe" };

        await call.RequestStream.WriteAsync(Alpha.ServerReflectionRequest.Parser.ParseFrom(request.ToByteString()));
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(default));

        Assert.Equal((await AskAsync(request)).Single().ToByteString(), call.ResponseStream.Current.ToByteString());
        Assert.False(await call.ResponseStream.MoveNext(default));
    }

    private static async Task<List<ServerReflectionResponse>> AskAsync(params ServerReflectionRequest[] requests)
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(server.Channel()).ServerReflectionInfo();
        foreach (var request in requests)
        {
            await call.RequestStream.WriteAsync(request);
        }
        await call.RequestStream.CompleteAsync();
        return await call.ResponseStream.ReadAllAsync().ToListAsync();
    }
}
