using RftAspire.Judge;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedis();
builder.AddJudge();
builder.Services.AddGrpc();

var app = builder.Build();
app.UseServiceKey();
app.MapDefaultEndpoints();
app.MapGrpcService<JudgeGrpcService>();
app.Run();
