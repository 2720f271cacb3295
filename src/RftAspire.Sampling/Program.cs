using RftAspire.Sampling;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddSampling();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
