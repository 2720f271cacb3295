using System.Globalization;
using System.Net;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// The hosts that addresses of callers may name. Whoever may create a job or a webhook is not whoever may reach everything that the
/// service can: without the owner's word for a host no request goes there. Names are compared as written; follow no redirect.
/// </summary>
public sealed class AllowedHosts
{
    private readonly string _setting;
    private readonly string _text;
    private readonly (string Host, int? Port)[] _entries;

    /// <param name="setting">The setting's name, for what people are told.</param>
    /// <param name="text">host or host:port, with commas between them.</param>
    /// <exception cref="InvalidOperationException">An entry that is no host.</exception>
    public AllowedHosts(string setting, string text)
    {
        (_setting, _text) = (setting, text);
        _entries = [.. text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    /// <summary>Null where the address may be reached, else why not and what to do.</summary>
    public string? Refusal(Uri address) =>
        _entries.Any(entry => entry.Host.Equals(address.IdnHost, StringComparison.OrdinalIgnoreCase) && (entry.Port ?? address.Port) == address.Port)
            ? null
            : $"the host '{address.Authority}' may not be reached from here; add it to {_setting} of the service (now \"{_text}\"), or name one on this machine";

    private (string Host, int? Port) Parse(string entry)
    {
        // host, host:port, ::1, [::1] or [::1]:port.
        var colon = entry.LastIndexOf(':');
        var hasPort = colon > 0 && (entry[colon - 1] == ']' || entry.IndexOf(':') == colon);
        var host = (hasPort ? entry[..colon] : entry).Trim('[', ']');
        var port = hasPort ? Port(entry, entry[(colon + 1)..]) : (int?)null;
        if (IPAddress.TryParse(host, out var address)) return (address.ToString(), port);
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? (new IdnMapping().GetAscii(host), port) : throw Fault(entry);
    }

    private int Port(string entry, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 ? port : throw Fault(entry);

    private InvalidOperationException Fault(string entry) => new($"{_setting}: '{entry}' is no host; write host or host:port, with commas between them");
}
