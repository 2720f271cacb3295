using System.Text;

namespace RftAspire.Grading.Remote;

/// <summary>Words of a foreign service, made fit for a log line and an error.</summary>
internal static class RemoteText
{
    private const int Shown = 500;
    // Shorter values would blot out half of every message, and are no secrets.
    private const int ShortestSecret = 4;

    public static string Excerpt(byte[] bytes) => Excerpt(Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 4 * Shown))));

    public static string Excerpt(string text)
    {
        var line = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
        return line.Length <= Shown ? line : line[..Shown] + "...";
    }

    /// <summary>The text without secrets that a service may have echoed, and without what follows a scheme such as Bearer.</summary>
    public static string Without(IEnumerable<string> secrets, string text)
    {
        foreach (var secret in secrets.SelectMany(value => value.Split(' ').Append(value)).Where(value => value.Length >= ShortestSecret).OrderByDescending(value => value.Length))
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        return text;
    }
}
