using System.Globalization;
using System.Net;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>Which addresses processes listen on, from the kernel's tables.</summary>
internal static class ListeningSockets
{
    private const string Listening = "0A";
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public static IReadOnlyList<IPAddress> Of(IReadOnlySet<int> processes)
    {
        var inodes = processes.SelectMany(Inodes).ToHashSet();
        return [.. Tables.SelectMany(File.ReadLines).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == Listening && inodes.Contains(fields[9])).Select(fields => Address(fields[1].Split(':')[0]))];
    }

    private static IEnumerable<string> Inodes(int process) =>
        Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Select(file => new FileInfo(file).LinkTarget ?? "")
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target["socket:[".Length..^1]);

    // Written as words of four bytes in the machine's order.
    private static IPAddress Address(string hex) => new(
        [.. hex.Chunk(8).SelectMany(word => BitConverter.GetBytes(uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))]);
}
