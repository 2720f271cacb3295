using System.Globalization;

namespace RftAspire.Cli.Models;

/// <summary>Token ids on the command line: <c>1,2,3</c>.</summary>
public static class TokenIds
{
    public static int[] Parse(string option, string text) => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new UsageException($"{option} {text}: '{part}' is no token id; write them as 1,2,3"))];
}
