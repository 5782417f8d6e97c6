namespace Spar.Web.Serving;

/// <summary>A request that cannot be answered, as the interface reports it.</summary>
/// <param name="status">The status of HTTP, 400 and up.</param>
/// <param name="message">What is wrong, for the author of the request.</param>
/// <param name="parameter">The parameter that is wrong; null where none is.</param>
/// <param name="code">A word for the fault that programs read; null for none.</param>
internal sealed class ApiFaultException(int status, string message, string? parameter = null, string? code = null)
    : Exception(message)
{
    /// <summary>The status of HTTP.</summary>
    public int Status { get; } = status;

    /// <summary>The parameter that is wrong; null where none is.</summary>
    public string? Parameter { get; } = parameter;

    /// <summary>A word for the fault that programs read; null for none.</summary>
    public string? Code { get; } = code;

    /// <summary>The kind of fault, in the interface's words.</summary>
    public string Type => Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
