using MassTransit;
using RftAspire.Grading;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Rollouts;
using RftAspire.Grading.Workbench;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>();
    bus.AddConsumer<CheckGraderConsumer>();
});
builder.AddGrading();
builder.Services.AddGrpc();

var app = builder.Build();
app.UseServiceKey();
app.MapDefaultEndpoints();
app.MapGrpcService<GraderWorkbenchService>();
app.Run();
