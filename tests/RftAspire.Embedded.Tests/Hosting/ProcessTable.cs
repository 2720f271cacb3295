using System.Globalization;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>Processes as the kernel lists them.</summary>
internal static class ProcessTable
{
    public sealed record Entry(int Id, int Parent, char State, string StartTime, string Name);

    public static IReadOnlyList<Entry> All() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0])).Select(name => Read(name!)).OfType<Entry>()];

    public static IReadOnlyList<Entry> DescendantsOf(int id)
    {
        var children = All().ToLookup(entry => entry.Parent);
        var found = new List<Entry>();
        var open = new Queue<int>([id]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                open.Enqueue(child.Id);
            }
        }
        return found;
    }

    /// <summary>Those that still run; a zombie holds nothing but its number.</summary>
    public static IReadOnlyList<Entry> Alive(IEnumerable<Entry> entries)
    {
        var now = All().Where(entry => entry.State != 'Z').ToDictionary(entry => (entry.Id, entry.StartTime));
        return [.. entries.Where(entry => now.ContainsKey((entry.Id, entry.StartTime)))];
    }

    public static async Task<IReadOnlyList<Entry>> AliveAfterAsync(IReadOnlyList<Entry> entries, TimeSpan limit)
    {
        var until = DateTime.UtcNow + limit;
        var alive = Alive(entries);
        while (alive.Count > 0 && DateTime.UtcNow < until)
        {
            await Task.Delay(50);
            alive = Alive(entries);
        }
        return alive;
    }

    private static Entry? Read(string id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var end = text.LastIndexOf(')');
            var fields = text[(end + 2)..].Split(' ');
            return new(int.Parse(id, CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0][0], fields[19], text[(text.IndexOf('(') + 1)..end]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
