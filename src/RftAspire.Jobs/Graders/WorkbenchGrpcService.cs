using Grpc.Core;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;

namespace RftAspire.Jobs.Graders;

/// <summary>The workbench in the public face: Grading does the work.</summary>
public sealed class WorkbenchGrpcService(GradingConnection grading, FileStore files) : GraderWorkbench.GraderWorkbenchBase
{
    [Needs(Role.User, Reads = true)]
    public override Task<ValidateResponse> Validate(ValidateRequest request, ServerCallContext context) =>
        Checked(context, "grader_json", request.GraderJson).AskAsync(context, async (client, options) => await client.ValidateAsync(request, options));

    [Needs(Role.User, Reads = true)]
    public override Task<RunResponse> Run(RunRequest request, ServerCallContext context) =>
        Checked(context, "grader_json", request.GraderJson).AskAsync(context, async (client, options) => await client.RunAsync(request, options));

    [Needs(Role.User, Reads = true)]
    public override async Task Test(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context)
    {
        var first = await FirstAsync(requestStream, context);
        await Checked(context, "setup.grader_json", first?.Setup?.GraderJson ?? "").StreamAsync(context, async (client, options) =>
        {
            using var done = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
            using var call = client.Test(options);
            var sending = SendAsync(first, requestStream, call.RequestStream, done.Token);
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
    }

    // What else is wrong with a grader Grading says.
    private GradingConnection Checked(ServerCallContext context, string field, string graderJson)
    {
        try
        {
            if (graderJson.Length > 0) TenantJudges.OnlyOf(context.GetCaller(), GraderDefinition.Parse(graderJson));
            return grading;
        }
        catch (GraderException error)
        {
            throw Faults.Invalid(field, error.Message);
        }
    }

    // Grading knows no tenants: a foreign dataset must be to it as one that never was.
    private async Task<TestRequest?> FirstAsync(IAsyncStreamReader<TestRequest> requests, ServerCallContext context)
    {
        if (!await requests.MoveNext(context.CancellationToken)) return null;
        if (requests.Current.Setup is { DatasetId: { Length: > 0 } id }
            && await Faults.Serve(() => files.FindAsync(context.GetCaller().Tenant, id)) is null)
            throw Faults.Invalid("setup.dataset_id", $"there is no dataset '{id}'; give the id that UploadFile returned, or send the rows");
        return requests.Current;
    }

    private static async Task SendAsync(TestRequest? first, IAsyncStreamReader<TestRequest> from, IClientStreamWriter<TestRequest> to, CancellationToken cancellation)
    {
        try
        {
            if (first is not null) await to.WriteAsync(first, cancellation);
            while (await from.MoveNext(cancellation)) await to.WriteAsync(from.Current, cancellation);
            await to.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException or OperationCanceledException or IOException)
        {
            // Grading may refuse before the last row, or the caller break off; the response stream says which.
        }
    }
}
