using System.Globalization;
using System.Net;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Remote;

/// <summary>
/// The hosts that graders may reach. A definition comes from whoever creates jobs, and Grading stands where they may not: without
/// the owner's word for a host no request goes there. Names are compared as written; redirects and proxies are never followed.
/// </summary>
internal sealed class AllowedHosts
{
    private const string Setting = "Grading:AllowedHosts";
    private readonly string _text;
    private readonly (string Host, int? Port)[] _entries;

    /// <exception cref="InvalidOperationException">An entry that is no host.</exception>
    public AllowedHosts(string text) =>
        (_text, _entries) = (text, [.. text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries).Select(Parse)]);

    /// <exception cref="GraderException">The host of the grader's address is not among these.</exception>
    public void Check(GraderDefinition definition, string field, Uri address)
    {
        if (_entries.Any(entry => entry.Host.Equals(address.IdnHost, StringComparison.OrdinalIgnoreCase) && (entry.Port ?? address.Port) == address.Port)) return;
        throw new GraderException($"{definition.Path}.{field}",
            $"the host '{address.Authority}' may not be reached from here; add it to {Setting} of the service that grades (now \"{_text}\"), or let the grader run on this machine");
    }

    private static (string Host, int? Port) Parse(string entry)
    {
        // host, host:port, ::1, [::1] or [::1]:port.
        var colon = entry.LastIndexOf(':');
        var hasPort = colon > 0 && (entry[colon - 1] == ']' || entry.IndexOf(':') == colon);
        var host = (hasPort ? entry[..colon] : entry).Trim('[', ']');
        var port = hasPort ? Port(entry, entry[(colon + 1)..]) : (int?)null;
        if (IPAddress.TryParse(host, out var address)) return (address.ToString(), port);
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? (new IdnMapping().GetAscii(host), port) : throw Fault(entry);
    }

    private static int Port(string entry, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 ? port : throw Fault(entry);

    private static InvalidOperationException Fault(string entry) => new($"{Setting}: '{entry}' is no host; write host or host:port, with commas between them");
}
