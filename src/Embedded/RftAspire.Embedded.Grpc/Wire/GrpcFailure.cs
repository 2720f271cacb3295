using Grpc.Core;

namespace RftAspire.Embedded.Grpc.Wire;

/// <summary>The failures that both ends of a call find in its bytes.</summary>
internal static class GrpcFailure
{
    public static RpcException Malformed(string what) =>
        new(new Status(StatusCode.Internal, $"Malformed gRPC stream: {what}."));

    public static RpcException TooLarge(string direction, long size, int limit) =>
        new(new Status(
            StatusCode.ResourceExhausted,
            $"A message of {size} bytes exceeds the {limit} bytes that this side may {direction}: "
            + $"send less or raise {(direction == "send" ? "MaxSendMessageSize" : "MaxReceiveMessageSize")}."));
}
