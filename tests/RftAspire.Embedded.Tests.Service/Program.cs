// A service for the tests of the host: shows what it received, and ends in the ways a service can end.
using System.Collections;

var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/health", () => "ok");
app.MapGet("/environment", () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value));
app.MapGet("/directory", () => Directory.GetCurrentDirectory());
app.MapPost("/exit/{code:int}", (int code) =>
{
    Environment.ExitCode = code;
    app.Lifetime.StopApplication();
});
app.Lifetime.ApplicationStopped.Register(() => Console.WriteLine("stopped in good order"));
app.Run();
