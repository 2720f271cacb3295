using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Models;

/// <summary>ExportModel: the files of a model's folder, one after the other.</summary>
public sealed class ExportModel(ServedModels models)
{
    private const int Piece = 1 << 20;

    public async Task<bool> RunAsync(Caller caller, string name, IServerStreamWriter<ExportModelResponse> parts, CancellationToken cancellation)
    {
        var buffer = new byte[Piece];
        foreach (var path in Directory.EnumerateFiles(models.Get(caller, name).Location).Order(StringComparer.Ordinal))
        {
            await using var file = File.OpenRead(path);
            await parts.WriteAsync(new ExportModelResponse { File = new ExportedFile { Name = Path.GetFileName(path), Bytes = file.Length } }, cancellation);
            while (await file.ReadAtLeastAsync(buffer, Piece, throwOnEndOfStream: false, cancellation) is > 0 and var read)
                await parts.WriteAsync(new ExportModelResponse { Data = ByteString.CopyFrom(buffer, 0, read) }, cancellation);
        }
        return true;
    }
}
