using System.Security.Claims;
using System.Text.Encodings.Web;
using Grpc.Core;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RftAspire.Jobs.Access;

/// <summary>
/// <c>Authorization: Bearer sk-rft-…</c>, as an HTTP header or as metadata of a gRPC call. Whatever is wrong with a key, the
/// answer is the same, so that nobody learns from it which keys there are.
/// </summary>
public sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    KeyStore keys,
    LimitStore limits) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Bearer = "Bearer ";

    private bool _isStoreAway;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Health must be told while the store of the keys is away.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null) return AuthenticateResult.NoResult();
        try
        {
            if (await keys.FindInForceAsync(Secret()) is not { } key) return AuthenticateResult.Fail("no key in force");
            var caller = new Caller(key.Tenant, key.Id, key.Role);
            var identity = new CallerIdentity(caller, await limits.ForAsync(caller.Tenant));
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            _isStoreAway = true;
            return AuthenticateResult.Fail("the store of the keys does not answer");
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => _isStoreAway
        ? Refusal.WriteAsync(Context, StatusCode.Unavailable, "the store of the API keys (Redis, ConnectionStrings:redis) does not answer; try again")
        : Refusal.WriteAsync(Context, StatusCode.Unauthenticated, Refusal.NoKey);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var caller = Context.GetCaller();
        var needed = Context.GetEndpoint()?.Metadata.GetMetadata<NeedsAttribute>()?.Role.ToString().ToLowerInvariant();
        return Refusal.WriteAsync(Context, StatusCode.PermissionDenied, needed is null
            ? "nobody may call this: no role is named for it"
            : $"this needs a key of role {needed}; {caller.KeyId} has role {caller.Role.ToString().ToLowerInvariant()}");
    }

    private string Secret()
    {
        var header = Request.Headers.Authorization.ToString();
        return header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : "";
    }
}
