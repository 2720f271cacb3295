using MassTransit;
using RftAspire.Grading;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Rollouts;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>();
    bus.AddConsumer<CheckGraderConsumer>();
});
builder.AddGrading();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
