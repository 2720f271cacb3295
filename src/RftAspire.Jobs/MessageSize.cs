using Google.Protobuf;
using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>How large messages may become: clients of gRPC take 4 MiB at most unless they are told otherwise.</summary>
internal static class MessageSize
{
    public const int Largest = 3 << 20;

    /// <summary>A request whose record could not be read back is a fault of its largest field.</summary>
    public static void Check(IMessage request, string field, List<Violation> faults)
    {
        if (request.CalculateSize() is > Largest and var size) faults.Add(new Violation(field, $"the request has {size} bytes with it; at most {Largest} are kept"));
    }

    /// <summary>The first of what was found: as many as were asked for and fit, at least one.</summary>
    public static IReadOnlyList<T> Page<T>(IEnumerable<T> found, int count) where T : IMessage
    {
        var page = new List<T>();
        long bytes = 0;
        foreach (var item in found)
        {
            bytes += item.CalculateSize();
            if (page.Count == count || (page.Count > 0 && bytes > Largest)) break;
            page.Add(item);
        }
        return page;
    }
}
