using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.Hosting;

public static partial class Extensions
{
    /// <summary>Name of the platform's own activity source and meter.</summary>
    public const string TelemetryName = "RftAspire";

    private static readonly string[] s_sources = [TelemetryName, "MassTransit", "Microsoft.AspNetCore", "System.Net.Http"];
    private static readonly string[] s_meters =
        [TelemetryName, "MassTransit", "Microsoft.AspNetCore.*", "System.Net.Http", "System.Runtime"];

    /// <summary>Logs, metrics and traces over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, else none.</summary>
    public static TBuilder ConfigureOpenTelemetry<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return builder;
        // The environment comes last: OTEL_SERVICE_NAME wins over the assembly's name.
        var resource = ResourceBuilder.CreateEmpty()
            .AddService(builder.Environment.ApplicationName).AddTelemetrySdk().AddEnvironmentVariableDetector();
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
            logging.SetResourceBuilder(resource).AddOtlpExporter();
        });
        builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource).AddMeter(s_meters).AddOtlpExporter().Build());
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource).AddSource(s_sources).AddProcessor(new DropHealthProbes()).AddOtlpExporter().Build());
        builder.Services.AddHostedService<TelemetryStart>();
        return builder;
    }

    // The container disposes, and so flushes, providers it has made; this makes them at start.
    private sealed class TelemetryStart(MeterProvider meters, TracerProvider traces) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(meters);
            ArgumentNullException.ThrowIfNull(traces);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class DropHealthProbes : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("url.path") is "/health" or "/alive") data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
