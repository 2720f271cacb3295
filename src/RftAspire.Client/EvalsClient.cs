using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Evals: graders with a mark each, run over rows and a model's answers to them.</summary>
public sealed class EvalsClient
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private readonly EvalService.EvalServiceClient _evals;
    private readonly CallPolicy _policy;

    internal EvalsClient(EvalService.EvalServiceClient evals, CallPolicy policy) => (_evals, _policy) = (evals, policy);

    /// <summary>Makes an eval. A call whose answer was lost is not repeated: it may have made one.</summary>
    /// <exception cref="InvalidRequestException">Its violations name every faulty field.</exception>
    public Task<Eval> CreateAsync(CreateEvalRequest request, CancellationToken cancellationToken = default) =>
        _policy.TellAsync(async options => await _evals.CreateEvalAsync(request, options), cancellationToken);

    /// <summary>An eval.</summary>
    /// <exception cref="NotFoundException">There is no such eval.</exception>
    public Task<Eval> GetAsync(string evalId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _evals.GetEvalAsync(new() { EvalId = evalId }, options), cancellationToken);

    /// <summary>All evals, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<Eval> ListAsync(CancellationToken cancellationToken = default) => Pages.AllAsync(
        "",
        (after, stop) => _policy.AskAsync(options => _evals.ListEvalsAsync(new() { After = after, PageSize = 100, Descending = true }, options), stop),
        page => page.Evals, page => page.HasMore, eval => eval.Id, cancellationToken);

    /// <summary>Changes an eval's name and metadata; what it measures never changes.</summary>
    /// <exception cref="NotFoundException">There is no such eval.</exception>
    public Task<Eval> UpdateAsync(UpdateEvalRequest request, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _evals.UpdateEvalAsync(request, options), cancellationToken);

    /// <summary>Deletes an eval and its runs; one that is under way is cancelled.</summary>
    /// <exception cref="NotFoundException">There is no such eval.</exception>
    public Task DeleteAsync(string evalId, CancellationToken cancellationToken = default) =>
        _policy.DeleteAsync(options => _evals.DeleteEvalAsync(new() { EvalId = evalId }, options), cancellationToken);

    /// <summary>Starts a run and returns it at once. A call whose answer was lost is not repeated: it may have started one.</summary>
    /// <exception cref="InvalidRequestException">Its violations name every faulty field.</exception>
    public Task<EvalRun> CreateRunAsync(CreateEvalRunRequest request, CancellationToken cancellationToken = default) =>
        _policy.TellAsync(async options => await _evals.CreateEvalRunAsync(request, options), cancellationToken);

    /// <summary>A run as it stands.</summary>
    /// <exception cref="NotFoundException">There is no such run.</exception>
    public Task<EvalRun> GetRunAsync(string evalId, string runId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _evals.GetEvalRunAsync(new() { EvalId = evalId, RunId = runId }, options), cancellationToken);

    /// <summary>An eval's runs, newest first; pages are fetched as they are needed.</summary>
    /// <param name="evalId">The eval.</param>
    /// <param name="state">Only runs in this state; all unless given.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<EvalRun> ListRunsAsync(
        string evalId, EvalRunState state = EvalRunState.Unspecified, CancellationToken cancellationToken = default) => Pages.AllAsync(
        "",
        (after, stop) => _policy.AskAsync(
            options => _evals.ListEvalRunsAsync(new() { EvalId = evalId, After = after, PageSize = 100, Descending = true, State = state }, options), stop),
        page => page.Runs, page => page.HasMore, run => run.Id, cancellationToken);

    /// <summary>Stops a run; rows that are done stay done.</summary>
    /// <exception cref="WrongStateException">The run has ended.</exception>
    public Task<EvalRun> CancelRunAsync(string evalId, string runId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _evals.CancelEvalRunAsync(new() { EvalId = evalId, RunId = runId }, options), cancellationToken);

    /// <summary>Deletes a run and its output items.</summary>
    /// <exception cref="NotFoundException">There is no such run.</exception>
    public Task DeleteRunAsync(string evalId, string runId, CancellationToken cancellationToken = default) =>
        _policy.DeleteAsync(options => _evals.DeleteEvalRunAsync(new() { EvalId = evalId, RunId = runId }, options), cancellationToken);

    /// <summary>Waits until the run has ended, by asking every few seconds, and returns it as it then stands.</summary>
    /// <exception cref="UnavailableException">The platform went away for longer than the retries last; the run goes on, wait again.</exception>
    public async Task<EvalRun> WaitForRunAsync(string evalId, string runId, CancellationToken cancellationToken = default)
    {
        var pause = _policy.Options.RetryDelay;
        while (true)
        {
            var run = await GetRunAsync(evalId, runId, cancellationToken);
            if (run.State is EvalRunState.Completed or EvalRunState.Failed or EvalRunState.Canceled) return run;
            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    /// <summary>What came of each row, in the order of the rows; pages are fetched as they are needed.</summary>
    /// <param name="evalId">The eval.</param>
    /// <param name="runId">The run.</param>
    /// <param name="status">pass, fail or error; all unless given.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    public IAsyncEnumerable<OutputItem> ListOutputItemsAsync(
        string evalId, string runId, string status = "", CancellationToken cancellationToken = default) => Pages.AllAsync(
        "",
        (after, stop) => _policy.AskAsync(
            options => _evals.ListOutputItemsAsync(new() { EvalId = evalId, RunId = runId, After = after, PageSize = 100, Status = status }, options), stop),
        page => page.Items, page => page.HasMore, item => item.Id, cancellationToken);

    /// <summary>What came of one row.</summary>
    /// <exception cref="NotFoundException">There is no such item.</exception>
    public Task<OutputItem> GetOutputItemAsync(string evalId, string runId, string outputItemId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _evals.GetOutputItemAsync(new() { EvalId = evalId, RunId = runId, OutputItemId = outputItemId }, options), cancellationToken);
}
