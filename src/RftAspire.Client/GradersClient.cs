using System.Runtime.CompilerServices;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Client;

/// <summary>Graders before a job depends on them.</summary>
public sealed class GradersClient
{
    private readonly GraderWorkbench.GraderWorkbenchClient _workbench;
    private readonly CallPolicy _policy;

    internal GradersClient(GraderWorkbench.GraderWorkbenchClient workbench, CallPolicy policy) => (_workbench, _policy) = (workbench, policy);

    /// <summary>The definition with every default written out.</summary>
    /// <exception cref="InvalidRequestException">The violations have the JSON paths of what is wrong.</exception>
    public Task<ValidateResponse> ValidateAsync(string graderJson, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _workbench.ValidateAsync(new() { GraderJson = graderJson }, options), cancellationToken);

    /// <summary>Grades one answer to one dataset row.</summary>
    /// <param name="graderJson">The grader.</param>
    /// <param name="itemJson">The row, an object.</param>
    /// <param name="answer">The model's answer.</param>
    /// <param name="cancellationToken">Breaks the call off.</param>
    /// <exception cref="InvalidRequestException">The grader or the row is faulty. What a grader cannot grade is no error but an answer.</exception>
    public Task<RunResponse> RunAsync(string graderJson, string itemJson, string answer, CancellationToken cancellationToken = default) => _policy.AskAsync(
        options => _workbench.RunAsync(new() { GraderJson = graderJson, ItemJson = itemJson, ModelSample = answer }, options),
        cancellationToken, _policy.Options.WorkTimeout);

    /// <summary>Grades answers to a dataset; progress comes first, the report last.</summary>
    /// <exception cref="InvalidRequestException">The grader, the setup or a row is faulty.</exception>
    public async IAsyncEnumerable<TestResponse> TestAsync(
        TestSetup setup, IEnumerable<TestRow> rows, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = _workbench.Test(_policy.Call(timeout: null, stop.Token));
        var sending = SendAsync();
        try
        {
            while (await CallPolicy.OrThrowAsync(() => call.ResponseStream.MoveNext(cancellationToken), cancellationToken)) yield return call.ResponseStream.Current;
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
