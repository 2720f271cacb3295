using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Ingestion.V1;

namespace RftAspire.Services.Tests.Jobs;

/// <summary>Dataset checks that reject each line with the word "bad" and warn of each with "odd".</summary>
public sealed class LineChecks(ArtifactStore artifacts) : DatasetChecks.DatasetChecksBase
{
    public override async Task<CheckDatasetResponse> CheckDataset(CheckDatasetRequest request, ServerCallContext context)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(artifacts.Root, request.DatasetPath), context.CancellationToken);
        if (lines.Contains("broken")) throw new RpcException(new Status(StatusCode.Internal, "the checks are broken"));
        var response = new CheckDatasetResponse { Verdict = DatasetVerdict.Accept, Rows = lines.Length };
        Find(response, lines, "odd", DatasetVerdict.Warn);
        Find(response, lines, "bad", DatasetVerdict.Reject);
        return response;
    }

    private static void Find(CheckDatasetResponse response, string[] lines, string word, DatasetVerdict verdict)
    {
        for (var line = 0; line < lines.Length; line++)
        {
            if (!lines[line].Contains(word, StringComparison.Ordinal)) continue;
            response.Verdict = verdict;
            response.Findings.Add(new CheckFinding { Line = line + 1, Code = word + "_line", Message = $"the line is {word}" });
        }
    }
}
