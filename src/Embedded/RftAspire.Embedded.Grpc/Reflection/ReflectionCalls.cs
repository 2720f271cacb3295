using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Alpha = Grpc.Reflection.V1Alpha;
using Asked = Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace RftAspire.Embedded.Grpc.Reflection;

/// <summary>Answers what is asked about the served files. A question without an answer does not end the call.</summary>
internal sealed class ReflectionCalls(ServedFiles files) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            await responseStream.WriteAsync(Answer(files, requestStream.Current), context.CancellationToken);
        }
    }

    internal static ServerReflectionResponse Answer(ServedFiles files, ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case Asked.ListServices:
                response.ListServicesResponse = new() { Service = { files.Services.Select(name => new ServiceResponse { Name = name }) } };
                break;
            case Asked.FileByFilename:
                AddFile(response, files.Named(request.FileByFilename), $"There is no file '{request.FileByFilename}'.");
                break;
            case Asked.FileContainingSymbol:
                AddFile(response, files.Declaring(request.FileContainingSymbol), $"No file declares '{request.FileContainingSymbol}'.");
                break;
            default:
                response.ErrorResponse = new() { ErrorCode = (int)StatusCode.Unimplemented, ErrorMessage = "Extensions are not told of." };
                break;
        }
        return response;
    }

    private static void AddFile(ServerReflectionResponse response, FileDescriptor? file, string absence)
    {
        if (file is null)
        {
            response.ErrorResponse = new() { ErrorCode = (int)StatusCode.NotFound, ErrorMessage = absence };
            return;
        }
        response.FileDescriptorResponse = new() { FileDescriptorProto = { ServedFiles.WithImports(file).Select(one => one.SerializedData) } };
    }
}

/// <summary>The same in the protocol's first version, whose messages have the same bytes.</summary>
internal sealed class AlphaReflectionCalls(ServedFiles files) : Alpha.ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<Alpha.ServerReflectionRequest> requestStream,
        IServerStreamWriter<Alpha.ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString());
            var response = ReflectionCalls.Answer(files, request).ToByteString();
            await responseStream.WriteAsync(Alpha.ServerReflectionResponse.Parser.ParseFrom(response), context.CancellationToken);
        }
    }
}
