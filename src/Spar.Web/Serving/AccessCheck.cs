using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Spar.Web.Serving;

/// <summary>
/// Who may ask. A server for this machine alone answers only requests that name this machine (a page on the web that
/// had its name point here could reach it otherwise), and pages of this machine only; a server with a key answers who
/// brings it.
/// </summary>
/// <param name="options">Where and for whom the server answers.</param>
internal sealed class AccessCheck(ServerOptions options)
{
    private readonly byte[]? _key = options.Key is { } key ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : null;
    private readonly bool _local = IPAddress.IsLoopback(options.Address);

    /// <summary>Lets a request pass, or refuses it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="next">Answers it.</param>
    /// <exception cref="ApiFaultException">It is refused: 401 without the key, 403 from elsewhere.</exception>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        if (_local && !IsLocal(request.Host.Host))
        {
            throw new ApiFaultException(403, $"This server does not go by the name '{request.Host.Host}'.");
        }

        string? origin = request.Headers.Origin;
        if (origin is { Length: > 0 })
        {
            bool allowed = Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && IsLocal(page.Host);
            if (!allowed)
            {
                throw new ApiFaultException(403, $"Pages from {origin} may not ask this server.");
            }

            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.Vary = "Origin";
            if (HttpMethods.IsOptions(request.Method))
            {
                context.Response.Headers.AccessControlAllowHeaders = "authorization, content-type";
                context.Response.Headers.AccessControlAllowMethods = "GET, POST";
                context.Response.StatusCode = 204;
                return Task.CompletedTask;
            }
        }

        if (_key is not null && request.Path != "/health" && !HasKey(request))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ApiFaultException(
                401, "The key is missing or wrong: send it as 'Authorization: Bearer KEY'.", null, "invalid_api_key");
        }

        return next(context);
    }

    private static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    // Compared as digests, in a time that tells nothing of where they differ.
    private bool HasKey(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string given = request.Headers.Authorization.ToString();
        return given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(given[Scheme.Length..].Trim())), _key);
    }
}
