using Grpc.Core;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Graders;

/// <summary>The workbench in the public face: Grading does the work.</summary>
public sealed class WorkbenchGrpcService(GradingConnection grading) : GraderWorkbench.GraderWorkbenchBase
{
    [Needs(Role.User, Reads = true)]
    public override Task<ValidateResponse> Validate(ValidateRequest request, ServerCallContext context) =>
        grading.AskAsync(context, async (client, options) => await client.ValidateAsync(request, options));

    [Needs(Role.User, Reads = true)]
    public override Task<RunResponse> Run(RunRequest request, ServerCallContext context) =>
        grading.AskAsync(context, async (client, options) => await client.RunAsync(request, options));

    [Needs(Role.User, Reads = true)]
    public override Task Test(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context) =>
        grading.StreamAsync(context, async (client, options) =>
        {
            using var done = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
            using var call = client.Test(options);
            var sending = SendAsync(requestStream, call.RequestStream, done.Token);
            try
            {
                await foreach (var response in call.ResponseStream.ReadAllAsync(context.CancellationToken))
                    await responseStream.WriteAsync(response, context.CancellationToken);
                return true;
            }
            finally
            {
                await done.CancelAsync();
                await sending;
            }
        });

    private static async Task SendAsync(IAsyncStreamReader<TestRequest> from, IClientStreamWriter<TestRequest> to, CancellationToken cancellation)
    {
        try
        {
            while (await from.MoveNext(cancellation)) await to.WriteAsync(from.Current, cancellation);
            await to.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException or OperationCanceledException or IOException)
        {
            // Grading may refuse before the last row, or the caller break off; the response stream says which.
        }
    }
}
