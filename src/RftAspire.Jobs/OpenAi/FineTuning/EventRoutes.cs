using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>Route of a job's events.</summary>
internal static class EventRoutes
{
    private const int LargestPage = 500;

    public static void MapEvents(this RouteGroupBuilder jobs) =>
        jobs.MapGet("/{id}/events", ListAsync).Needs(Role.Viewer).Says("Lists a job's events, newest first").TakesPage();

    private static async Task<ListBody<EventBody>> ListAsync(HttpContext http, string id, ReadJobs read)
    {
        var page = Page.Of(http.Request, 20, LargestPage);
        var job = await read.GetAsync(http.GetCaller(), new GetJobRequest { JobId = id });
        var bodies = new EventBodies(job);
        var (before, seen) = page.After.Length == 0 ? (0, 0) : bodies.After(page.After)
            ?? throw OpenAiException.Invalid("after", $"'{page.After}' is no event of job {id}; give the last id of the previous page");
        // Before the first event there is none, and 0 would ask for the newest.
        if (page.After.Length > 0 && before <= 1) return ListBody.Of<EventBody>([], false, body => body.Id);
        // One more than the page has, to know whether there is one, and one for what was seen of the first.
        var found = await read.EventsAsync(http.GetCaller(), new ListEventsRequest { JobId = id, PageSize = page.Limit + 2, BeforeSequence = before });
        var all = found.Events.SelectMany((happened, i) => bodies.Of(happened, i + 1 < found.Events.Count ? found.Events[i + 1] : null)).Skip(seen).ToList();
        return ListBody.Of(all.Take(page.Limit), all.Count > page.Limit || found.HasMore, body => body.Id);
    }
}
