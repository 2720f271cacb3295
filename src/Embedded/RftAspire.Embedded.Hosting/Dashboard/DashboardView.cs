using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;

namespace Aspire.Hosting.Dashboard;

internal sealed record ResourceRow(
    string Id, string Name, string Type, string State, string? Health, string? HealthDetail, object? Pid, int? ExitCode,
    DateTime? Started, IReadOnlyList<LinkRow> Links, IReadOnlyList<VariableRow> Variables, bool HasProcess);

internal sealed record LinkRow(string Name, string Url);
internal sealed record VariableRow(string Name, string Value);
internal sealed record LineRow(int Number, string Text, bool IsError);

/// <summary>What the page may show: everything but secrets.</summary>
internal sealed class DashboardView(DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers)
{
    private const string Masked = "●●●●●●";
    private readonly Lazy<string[]> secrets = new(() => [.. SecretsOf(model).Where(secret => secret.Length > 3).Distinct().OrderByDescending(secret => secret.Length)]);

    public IReadOnlyList<ResourceRow> Resources()
    {
        var order = model.Resources.Select((resource, index) => (resource, index)).ToDictionary(pair => pair.resource, pair => pair.index);
        return [.. notifications.Current().OrderBy(change => order.GetValueOrDefault(change.Resource)).ThenBy(change => change.ResourceId, StringComparer.Ordinal).Select(Row)];
    }

    public IReadOnlyList<LineRow> Log(string id, int after) =>
        [.. loggers.LinesAfter(id, after).Select(line => new LineRow(line.LineNumber, Mask(line.Content), line.IsErrorMessage))];

    private ResourceRow Row(ResourceEvent change)
    {
        var snapshot = change.Snapshot;
        var complaints = snapshot.HealthReports.Where(report => report.Description is not null || report.ExceptionText is not null)
            .Select(report => $"{report.Name}: {report.Description ?? report.ExceptionText}");
        return new(
            change.ResourceId, change.Resource.Name, TypeOf(change.Resource), snapshot.State?.Text ?? "Unknown", snapshot.HealthStatus?.ToString(),
            Mask(string.Join("; ", complaints)), snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value,
            snapshot.ExitCode, snapshot.StartTimeStamp, [.. snapshot.Urls.Select(url => new LinkRow(url.DisplayText ?? url.Name ?? url.Url, url.Url))],
            [.. snapshot.EnvironmentVariables.Select(variable => new VariableRow(variable.Name, Mask(variable.Value ?? "")))],
            change.Resource.Annotations.OfType<ProcessAnnotation>().Any());
    }

    private string Mask(string text) => secrets.Value.Aggregate(text, (masked, secret) => masked
        .Replace(secret, Masked, StringComparison.Ordinal).Replace(Uri.EscapeDataString(secret), Masked, StringComparison.Ordinal));

    private static string TypeOf(IResource resource) => resource.GetType().Name.Replace("Resource", "", StringComparison.Ordinal);

    private static IEnumerable<string> SecretsOf(DistributedApplicationModel model) =>
        model.Resources.OfType<IHoldsSecrets>().SelectMany(resource => resource.Secrets)
            .Concat(model.Resources.OfType<ParameterResource>().Where(parameter => parameter.Secret).Select(Value));

    private static string Value(ParameterResource parameter) => parameter.GetValueAsync().AsTask().GetAwaiter().GetResult() ?? "";
}
