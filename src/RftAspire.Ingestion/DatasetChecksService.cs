using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Ingestion.V1;
using Wire = RftAspire.Contracts.Ingestion.V1;

namespace RftAspire.Ingestion;

/// <summary>The dataset checks for other services, on files that lie in the artifact store.</summary>
public sealed class DatasetChecksService(ArtifactStore store) : DatasetChecks.DatasetChecksBase
{
    public override Task<CheckDatasetResponse> CheckDataset(CheckDatasetRequest request, ServerCallContext context)
    {
        using var train = Open(request.DatasetPath, "dataset_path");
        using var valid = request.ValidationPath.Length > 0 ? Open(request.ValidationPath, "validation_path") : null;
        return Task.FromResult(Response(DatasetChecker.CheckEither(train, valid)));
    }

    private FileStream Open(string path, string field)
    {
        var full = Path.GetFullPath(Path.Combine(store.Root, path));
        if (path.Length == 0 || !full.StartsWith(store.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw Error(StatusCode.InvalidArgument, $"{field} '{path}' is not inside the artifact store; give a path relative to its root");
        try
        {
            return File.OpenRead(full);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw Error(StatusCode.NotFound, $"{field} '{path}' is no readable file of the artifact store; stage the file there first");
        }
    }

    private static CheckDatasetResponse Response(DatasetReport report) => new()
    {
        Verdict = report.Verdict switch
        {
            DatasetVerdict.Accept => Wire.DatasetVerdict.Accept,
            DatasetVerdict.Warn => Wire.DatasetVerdict.Warn,
            _ => Wire.DatasetVerdict.Reject,
        },
        Rows = report.Rows,
        ValidationRows = report.ValidationRows,
        Omitted = report.Omitted,
        Findings =
        {
            report.Findings.Select(finding => new CheckFinding { Line = finding.Line ?? 0, Code = finding.Code, Message = finding.Message }),
        },
    };

    private static RpcException Error(StatusCode code, string message) => new(new Status(code, message));
}
