using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RftAspire.Contracts.Graders.V1;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(9000, listen => listen.Protocols = HttpProtocols.Http2));
builder.Services.AddGrpc();
var app = builder.Build();
app.MapGrpcService<ShortGrader>();
app.Run();

/// <summary>The shorter the answer, the better: 1 for an empty one, 0 from 200 letters on.</summary>
internal sealed class ShortGrader : GraderService.GraderServiceBase
{
    public override Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context) =>
        Task.FromResult(new DescribeResponse { Name = "short", Version = "1", Range = new RewardRange { Min = 0, Max = 1 } });

    public override Task<GradeResponse> Grade(GradeRequest request, ServerCallContext context) =>
        Task.FromResult(new GradeResponse { Reward = Math.Max(0, 1 - request.Sample.OutputText.Length / 200.0) });
}
