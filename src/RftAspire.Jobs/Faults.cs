using Grpc.Core;
using RftAspire.Contracts;
using StackExchange.Redis;

namespace RftAspire.Jobs;

/// <summary>The answers to requests that cannot be served.</summary>
public static class Faults
{
    private const int LongestId = 300;

    /// <summary>A caller's mistake: all faulty fields.</summary>
    public static RpcException Invalid(params IEnumerable<Violation> faults) => InvalidRequest.Of(faults);

    public static RpcException Invalid(string field, string description) => InvalidRequest.Of(field, description);

    // A malformed id gets the same answer as an unknown one: ids have no form that a caller should rely on.
    public static RpcException NoSuchJob(string id) => NotFound("job", id, "list the jobs to see which exist");

    public static RpcException NoSuchModel(string name) => NotFound("model", name, "list the models to see which exist");

    /// <summary>No such thing. Its id is a caller's, and the answer must fit into headers.</summary>
    public static RpcException NotFound(string thing, string id, string advice) =>
        new(new Status(StatusCode.NotFound, $"there is no {thing} '{(id.Length > LongestId ? id[..LongestId] + "…" : id)}'; {advice}"));

    public static RpcException Unavailable(string message) => new(new Status(StatusCode.Unavailable, message));

    /// <summary>A file of the artifact store is gone or unreadable; trying again is no use.</summary>
    public static RpcException Damaged(string message) => new(new Status(StatusCode.DataLoss, message));

    /// <summary>Runs a call and turns an absent Redis into an answer that a client knows to try again.</summary>
    public static async Task<T> Serve<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw Unavailable("the job store (Redis, ConnectionStrings:redis) does not answer; try again");
        }
    }
}
