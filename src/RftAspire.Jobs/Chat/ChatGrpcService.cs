using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Chat;

/// <summary>The gRPC face of chat.</summary>
public sealed class ChatGrpcService(CompleteChat completeChat) : ChatService.ChatServiceBase
{
    [Needs(Role.User, Reads = true)]
    public override async Task Complete(CompleteRequest request, IServerStreamWriter<CompleteResponse> responseStream, ServerCallContext context)
    {
        await foreach (var response in completeChat.RunAsync(context.GetCaller(), request, context.CancellationToken))
            await responseStream.WriteAsync(response, context.CancellationToken);
    }
}
