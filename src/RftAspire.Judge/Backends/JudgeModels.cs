using Microsoft.Extensions.Options;
using RftAspire.Contracts;

namespace RftAspire.Judge;

/// <summary>Who answers to which name: Judge:Models, then models of ours, then, where it is set, Judge:Endpoint for every other name.</summary>
internal sealed class JudgeModels(IOptions<JudgeOptions> options, ArtifactStore artifacts, OwnModels own) : IDisposable
{
    private const int MostOtherNames = 1000;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ChatEndpoint> _endpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<EndpointAddress, EndpointLine> _lines = [];
    private readonly Dictionary<string, JudgeModelOptions> _registry = options.Value.Models.ToDictionary(
        model => model.Value.Name ?? model.Key, model => model.Value, StringComparer.Ordinal);

    public bool AnyName => options.Value.Endpoint is not null;

    /// <summary>Null if nobody has the name.</summary>
    public IJudgeBackend? Find(string name)
    {
        if (_registry.TryGetValue(name, out var model)) return Endpoint(name, model);
        if (artifacts.ModelFolder(name) is { } folder) return new OwnModel(name, folder, own, options.Value);
        return AnyName ? Endpoint(name, new JudgeModelOptions()) : null;
    }

    /// <summary>Names and whether they are models of ours.</summary>
    public IEnumerable<(string Name, bool Own)> List() => _registry.Keys.Select(name => (name, false))
        .Concat(OwnNames().Where(name => !_registry.ContainsKey(name)).Select(name => (name, true)))
        .OrderBy(model => model.Item1, StringComparer.Ordinal);

    public void Dispose()
    {
        foreach (var endpoint in _endpoints.Values) endpoint.Dispose();
        foreach (var line in _lines.Values) line.Dispose();
    }

    private ChatEndpoint Endpoint(string name, JudgeModelOptions model)
    {
        lock (_lock)
        {
            if (_endpoints.TryGetValue(name, out var known)) return known;
            // Names come from requests: without a bound they would fill the memory.
            if (_endpoints.Count >= MostOtherNames + _registry.Count) throw new JudgeException(JudgeFailureKind.Rejected, $"more than {MostOtherNames} different models were asked for since Judge started");
            var address = model.Endpoint is null
                ? new EndpointAddress(options.Value.Endpoint!, options.Value.ApiKey)
                : new EndpointAddress(model.Endpoint, model.ApiKey);
            if (!_lines.TryGetValue(address, out var line)) _lines[address] = line = new EndpointLine(address, options.Value);
            return _endpoints[name] = new ChatEndpoint(name, address, model.Model ?? name, line, options.Value);
        }
    }

    private IEnumerable<string> OwnNames() => new[] { artifacts.BaseModels, Path.Combine(artifacts.Root, "models") }
        .Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).Select(folder => Path.GetFileName(folder))
        .Where(name => artifacts.ModelFolder(name) is not null).Distinct(StringComparer.Ordinal);
}
