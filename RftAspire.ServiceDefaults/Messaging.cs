using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

public static partial class Extensions
{
    /// <summary>
    /// Joins the bus that <c>ConnectionStrings:messaging</c> names. Queues are durable and named <c>{service}-{consumer}</c>, so
    /// that two services never compete for one message by accident. A failed message is tried again at once and then after
    /// growing pauses, last it goes to <c>{queue}_error</c>; what a consumer publishes through its context leaves when it has ended
    /// well, what must leave at once goes through <see cref="IBus"/>. Definitions of consumers set how many run at once; a retry of
    /// their own runs inside this one.
    /// </summary>
    public static TBuilder AddMessaging<TBuilder>(this TBuilder builder, Action<IBusRegistrationConfigurator> configure)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton(services => BrokerAddress.Read(services.GetRequiredService<IConfiguration>()));
        builder.Services.AddMassTransit(bus =>
        {
            var service = builder.Environment.ApplicationName.Split('.')[^1];
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service, includeNamespace: false));
            bus.AddReceiveEndpointObserver<BrokerWatch>();
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.UseMessageRetry(retry => retry.Intervals(0, 100, 500, 2000));
                endpoint.UseInMemoryOutbox(context);
            });
            configure(bus);
            bus.UsingRabbitMq(Connect);
        });
        return builder;
    }

    private static void Connect(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit)
    {
        var broker = context.GetRequiredService<BrokerAddress>();
        rabbit.Host(broker.Host, broker.Port, broker.VirtualHost, host =>
        {
            host.Username(broker.User);
            host.Password(broker.Password);
            host.PublisherConfirmation = true;
        });
        rabbit.PrefetchCount = 16;
        rabbit.Durable = true;
        // A metric may be NaN, and a message must not be lost for it.
        rabbit.ConfigureJsonSerializerOptions(json =>
        {
            json.NumberHandling |= JsonNumberHandling.AllowNamedFloatingPointLiterals;
            return json;
        });
        rabbit.ConfigureEndpoints(context);
    }
}
