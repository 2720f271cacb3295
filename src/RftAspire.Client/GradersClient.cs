using System.Runtime.CompilerServices;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Client;

/// <summary>Graders before a job depends on them.</summary>
public sealed class GradersClient
{
    private readonly GraderWorkbench.GraderWorkbenchClient _workbench;
    private readonly CallPolicy _policy;

    internal GradersClient(GraderWorkbench.GraderWorkbenchClient workbench, CallPolicy policy) => (_workbench, _policy) = (workbench, policy);

    /// <summary>The definition with every default written out. A faulty one is an <see cref="InvalidRequestException"/> with the JSON path.</summary>
    public Task<ValidateResponse> ValidateAsync(string graderJson, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _workbench.ValidateAsync(new() { GraderJson = graderJson }, options), cancellation);

    /// <summary>Grades one answer to one dataset row.</summary>
    /// <param name="graderJson">The grader.</param>
    /// <param name="itemJson">The row, an object.</param>
    /// <param name="answer">The model's answer.</param>
    /// <param name="cancellation">Breaks the call off.</param>
    public Task<RunResponse> RunAsync(string graderJson, string itemJson, string answer, CancellationToken cancellation = default) => CallPolicy.OnceAsync(
        async () => await _workbench.RunAsync(
            new() { GraderJson = graderJson, ItemJson = itemJson, ModelSample = answer }, _policy.Call(_policy.Options.ChatTimeout, cancellation)));

    /// <summary>Grades answers to a dataset; progress comes first, the report last.</summary>
    public async IAsyncEnumerable<TestResponse> TestAsync(
        TestSetup setup, IEnumerable<TestRow> rows, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = _workbench.Test(_policy.Call(timeout: null, stop.Token));
        var sending = SendAsync();
        try
        {
            while (await CallPolicy.OnceAsync(() => call.ResponseStream.MoveNext(cancellation))) yield return call.ResponseStream.Current;
        }
        finally
        {
            await stop.CancelAsync();
            await sending;
        }

        async Task SendAsync()
        {
            try
            {
                await call.RequestStream.WriteAsync(new() { Setup = setup }, stop.Token);
                foreach (var row in rows) await call.RequestStream.WriteAsync(new() { Row = row }, stop.Token);
                await call.RequestStream.CompleteAsync();
            }
            catch (Exception error) when (error is Grpc.Core.RpcException or InvalidOperationException or OperationCanceledException)
            {
                // The platform may refuse before the last row; the responses say why.
            }
        }
    }
}
