namespace RftAspire.Engine.Tests.Checkpoints;

/// <summary>Damage as files get it: bytes changed, put in, cut out, or the end lost.</summary>
internal static class Mutation
{
    public static byte[] Of(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            if (random.Next(4) == 0) bytes.RemoveRange(at, random.Next(1, bytes.Count - at + 1));
            else if (random.Next(3) == 0) bytes.Insert(at, (byte)"0129{}[]\",:\\"[random.Next(12)]);
            else bytes[at] = (byte)random.Next(256);
        }
        return [.. bytes];
    }
}
