using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Keys;

/// <summary>API keys, limits and the audit log; for admins.</summary>
public static class KeyCommands
{
    public static Command Create(CommandLine cli) => new("keys", "Make and revoke API keys, set limits, see who changed what; for admins.")
    {
        CreateKey(cli),
        ListKeys(cli),
        RevokeKey(cli),
        Limits(cli),
        Audit(cli),
    };

    private static Option<string> Tenant() => new("--tenant") { HelpName = "NAME", Description = "Another tenant; for admins of the tenant default. [default: the key's own]" };

    private static Command CreateKey(CommandLine cli)
    {
        var name = new Option<string>("--name") { HelpName = "NAME", Description = "What the key is for, 1 to 64 characters.", Required = true };
        var role = new Option<string>("--role") { HelpName = "ROLE", Description = "viewer reads; user also uploads, tunes, deletes and asks models; admin also manages keys.", DefaultValueFactory = _ => "user" };
        role.CompletionSources.Add("viewer", "user", "admin");
        var tenant = Tenant();
        var days = new Option<double>("--expires-days") { HelpName = "DAYS", Description = "Days until it ends; 0 is never." };
        return cli.Handle(new Command("create", "Make a key. Its secret is printed once and stored nowhere.") { name, role, tenant, days }, async (context, cancellationToken) =>
        {
            var made = await context.Client.Keys.CreateAsync(new CreateKeyRequest
            {
                Name = context.Require(name),
                Role = RoleOf(context.Require(role)),
                Tenant = context.Get(tenant) ?? "",
                ExpiresAfterSeconds = (long)TimeSpan.FromDays(context.Get(days)).TotalSeconds,
            }, cancellationToken);
            if (context.Json)
            {
                var json = Json(made.Key);
                json["secret"] = made.Secret;
                context.PrintJson(json);
                return ExitCode.Ok;
            }
            context.Error.WriteLine($"key {made.Key.Id} of tenant {made.Key.Tenant}, role {Word(made.Key.Role)}; the secret is shown this once:");
            context.Out.WriteLine(made.Secret);
            return ExitCode.Ok;
        });
    }

    private static Command ListKeys(CommandLine cli)
    {
        var tenant = Tenant();
        return cli.Handle(new Command("list", "List keys, newest first; their secrets are not known to anyone but their holders.") { tenant }, async (context, cancellationToken) =>
        {
            var keys = await context.Client.Keys.ListAsync(context.Get(tenant) ?? "", cancellationToken).ToListAsync(cancellationToken);
            if (context.Json)
            {
                context.PrintJson(new JsonObject { ["keys"] = new JsonArray([.. keys.Select(Json)]) });
                return ExitCode.Ok;
            }
            var table = new Table().Border(TableBorder.Simple).AddColumns("key", "name", "role", "created (UTC)", "expires", "revoked", "ends with");
            foreach (var key in keys)
                table.AddRow([.. new[] { key.Id, key.Name, Word(key.Role), JobCommands.Time(key.CreatedAt), JobCommands.Time(key.ExpiresAt), JobCommands.Time(key.RevokedAt), "…" + key.Hint }.Select(Markup.Escape)]);
            context.Console().Write(table);
            return ExitCode.Ok;
        });
    }

    private static Command RevokeKey(CommandLine cli)
    {
        var id = new Argument<string>("id") { Description = "The key's id, as rft keys list shows it." };
        return cli.Handle(new Command("revoke", "End a key at once.") { id }, async (context, cancellationToken) =>
        {
            var key = await context.Client.Keys.RevokeAsync(context.Get(id), cancellationToken);
            if (context.Json) context.PrintJson(Json(key));
            else context.Out.WriteLine($"key {key.Id} ({key.Name}) is revoked since {JobCommands.Time(key.RevokedAt)} UTC");
            return ExitCode.Ok;
        });
    }

    private static Command Limits(CommandLine cli)
    {
        var tenant = Tenant();
        var set = new Option<string[]>("--set") { HelpName = "NAME=NUMBER", Description = "requests_per_second, concurrent_jobs, file_bytes, total_bytes or dataset_rows; 0 lifts the limit. May be repeated." };
        return cli.Handle(new Command("limits", "Show a tenant's limits, or change some.") { tenant, set }, async (context, cancellationToken) =>
        {
            var changes = new TenantLimits { Tenant = context.Get(tenant) ?? "" };
            var pairs = JobCommands.Pairs("--set", context.Get(set) ?? []).ToList();
            foreach (var (name, value) in pairs) Change(changes, name, value);
            var limits = pairs.Count > 0
                ? await context.Client.Keys.SetLimitsAsync(changes, cancellationToken)
                : await context.Client.Keys.GetLimitsAsync(changes.Tenant, cancellationToken);
            var fields = TenantLimits.Descriptor.Fields.InDeclarationOrder().ToDictionary(field => field.Name, field => Convert.ToString(field.Accessor.GetValue(limits), CultureInfo.InvariantCulture)!);
            if (context.Json) context.PrintJson(new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, field.Key == "tenant" ? (JsonNode?)field.Value : long.Parse(field.Value, CultureInfo.InvariantCulture)))));
            else foreach (var (name, value) in fields) context.Out.WriteLine($"{name,-20} {(value == "0" ? "no limit" : value)}");
            return ExitCode.Ok;
        });
    }

    private static Command Audit(CommandLine cli)
    {
        var tenant = Tenant();
        var limit = Listing.Limit(50);
        return cli.Handle(new Command("audit", "Show who changed what, newest first.") { tenant, limit }, async (context, cancellationToken) =>
        {
            var events = await context.Client.Keys.ListAuditEventsAsync(context.Get(tenant) ?? "", cancellationToken)
                .Take(Listing.ReadLimit(context, limit)).ToListAsync(cancellationToken);
            if (context.Json)
            {
                context.PrintJson(new JsonObject { ["events"] = new JsonArray([.. events.Select(Json)]) });
                return ExitCode.Ok;
            }
            var table = new Table().Border(TableBorder.Simple).AddColumns("time (UTC)", "key", "action", "target", "outcome");
            foreach (var happened in events)
                table.AddRow([.. new[] { JobCommands.Time(happened.Time), happened.KeyId, happened.Action, happened.Target, happened.Outcome }.Select(Markup.Escape)]);
            context.Console().Write(table);
            return ExitCode.Ok;
        });
    }

    private static void Change(TenantLimits limits, string name, string value)
    {
        if (TenantLimits.Descriptor.FindFieldByName(name) is not { } field || name == "tenant")
            throw new UsageException($"--set {name}: no such limit; requests_per_second, concurrent_jobs, file_bytes, total_bytes or dataset_rows");
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) throw new UsageException($"--set {name}={value}: not a whole number");
        var isLong = field.FieldType == Google.Protobuf.Reflection.FieldType.Int64;
        if (!isLong && number > int.MaxValue) throw new UsageException($"--set {name}={value}: at most {int.MaxValue}");
        field.Accessor.SetValue(limits, isLong ? number : (object)(int)number);
    }

    private static Role RoleOf(string word) => Enum.GetValues<Role>().FirstOrDefault(role => Word(role) == word) is var found and not Role.Unspecified
        ? found
        : throw new UsageException($"--role {word}: must be viewer, user or admin");

    private static string Word(Role role) => role.ToString().ToLowerInvariant();

    private static JsonObject Json(ApiKey key) => new()
    {
        ["id"] = key.Id,
        ["name"] = key.Name,
        ["tenant"] = key.Tenant,
        ["role"] = Word(key.Role),
        ["created_at"] = JobJson.Of(key.CreatedAt),
        ["expires_at"] = JobJson.Of(key.ExpiresAt),
        ["revoked_at"] = JobJson.Of(key.RevokedAt),
        ["hint"] = key.Hint,
    };

    private static JsonObject Json(AuditEvent happened) => new()
    {
        ["id"] = happened.Id,
        ["time"] = JobJson.Of(happened.Time),
        ["tenant"] = happened.Tenant,
        ["key_id"] = happened.KeyId,
        ["action"] = happened.Action,
        ["target"] = happened.Target,
        ["outcome"] = happened.Outcome,
    };
}
