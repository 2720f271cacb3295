using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.Rollouts;

/// <summary>Reads a file of rollouts group by group; no more than one is held.</summary>
internal sealed class GroupLines : IAsyncDisposable
{
    private const long LongestLine = 256 << 20;

    private readonly string _name;
    private readonly PipeReader _pipe;

    private GroupLines(string name, Stream file, long offset) => (_name, _pipe, Next) = (name, PipeReader.Create(file), offset);

    /// <summary>Where the last group read begins in the file.</summary>
    public long Offset { get; private set; }

    /// <summary>Where the group behind it begins.</summary>
    public long Next { get; private set; }

    /// <summary>Null where no group begins at the offset.</summary>
    /// <param name="root">The artifact store's folder.</param>
    /// <param name="name">The file's name within it.</param>
    /// <param name="offset">Where to begin.</param>
    public static GroupLines? Open(string root, string name, long offset)
    {
        FileStream file;
        try
        {
            file = File.OpenRead(Path.Combine(root, name));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Faults.Damaged($"{name} is missing; without it these rollouts cannot be shown");
        }
        if (BeginsLine(file, offset)) return new GroupLines(name, file, offset);
        file.Dispose();
        return null;
    }

    /// <summary>The next group, null behind the last.</summary>
    public async Task<PromptGroupGraded?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellation);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = read.Buffer.Slice(0, end);
                var group = Parse(line, Next);
                (Offset, Next) = (Next, Next + line.Length + 1);
                _pipe.AdvanceTo(read.Buffer.GetPosition(1, end));
                return group;
            }
            if (read.IsCompleted) return read.Buffer.IsEmpty ? null : throw Damaged(Next, "the last line is cut off");
            if (read.Buffer.Length > LongestLine) throw Damaged(Next, $"a line of more than {LongestLine} bytes");
            _pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public ValueTask DisposeAsync() => _pipe.CompleteAsync();

    private static bool BeginsLine(FileStream file, long offset)
    {
        if (offset == 0) return true;
        if (offset < 0 || offset > file.Length) return false;
        file.Position = offset - 1;
        return file.ReadByte() == '\n';
    }

    private PromptGroupGraded Parse(ReadOnlySequence<byte> line, long offset)
    {
        var json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = ArtifactStore.Json.MaxDepth });
        try
        {
            return JsonSerializer.Deserialize<PromptGroupGraded>(ref json, ArtifactStore.Json) ?? throw Damaged(offset, "null");
        }
        catch (JsonException error)
        {
            throw Damaged(offset, error.Message);
        }
    }

    private Grpc.Core.RpcException Damaged(long offset, string cause) => Faults.Damaged($"{_name} is damaged at byte {offset}: {cause}");
}
