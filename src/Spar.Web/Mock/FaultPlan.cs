using System.Globalization;
using Spar.Ground;

namespace Spar.Web.Mock;

/// <summary>A way in which a server goes wrong.</summary>
public enum MockFault
{
    /// <summary>None: the request is answered.</summary>
    None,

    /// <summary>An error status, with an error in JSON.</summary>
    Status,

    /// <summary>No reply until the client gives up.</summary>
    Hang,

    /// <summary>The connection ends in the middle of the reply.</summary>
    Cut,

    /// <summary>Status 200 with an empty body.</summary>
    Empty,

    /// <summary>Status 200 with a page of HTML.</summary>
    Html,

    /// <summary>Status 200 with an empty list of choices.</summary>
    Choices,
}

/// <summary>Shares of requests that go wrong in certain ways.</summary>
public sealed class FaultPlan
{
    /// <summary>Nothing goes wrong.</summary>
    public static readonly FaultPlan None = new([]);

    private readonly IReadOnlyList<(MockFault Fault, int Status, double Share)> _faults;

    private FaultPlan(IReadOnlyList<(MockFault Fault, int Status, double Share)> faults) => _faults = faults;

    /// <summary>Reads a plan.</summary>
    /// <param name="text">
    /// Such as <c>500=5%,503=2%,hang=0.5%</c>: a status from 400 to 599, or hang, cut, empty, html, choices, each with the
    /// share of requests that it befalls. "all=20%" spreads a share over all kinds evenly.
    /// </param>
    /// <exception cref="UserFaultException">It is no plan; the message says what is wrong.</exception>
    public static FaultPlan Parse(string text)
    {
        List<(MockFault, int, double)> faults = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            string name = pair[0].Trim();
            double share = pair.Length == 2 ? Share(pair[1].Trim()) : double.NaN;
            if (!(share is >= 0 and <= 1))
            {
                throw Unreadable(part);
            }

            if (name == "all")
            {
                (MockFault, int)[] kinds =
                [
                    (MockFault.Status, 500), (MockFault.Status, 502), (MockFault.Status, 503), (MockFault.Status, 429),
                    (MockFault.Hang, 0), (MockFault.Cut, 0), (MockFault.Empty, 0), (MockFault.Html, 0),
                    (MockFault.Choices, 0),
                ];
                faults.AddRange(kinds.Select(kind => (kind.Item1, kind.Item2, share / kinds.Length)));
            }
            else if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int status)
                && status is >= 400 and < 600)
            {
                faults.Add((MockFault.Status, status, share));
            }
            else if (Enum.TryParse(name, ignoreCase: true, out MockFault fault) && fault > MockFault.Status
                && char.IsLetter(name[0]))
            {
                faults.Add((fault, 0, share));
            }
            else
            {
                throw Unreadable(part);
            }
        }

        return faults.Sum(fault => fault.Item3) <= 1 + 1e-9
            ? new FaultPlan(faults)
            : throw new UserFaultException("The shares of the faults add up to more than 100%.", "Lower them.");
    }

    /// <summary>What befalls a request.</summary>
    /// <param name="draw">Uniform in [0, 1).</param>
    /// <returns>The fault and, of a status, which.</returns>
    public (MockFault Fault, int Status) Draw(double draw)
    {
        foreach ((MockFault fault, int status, double share) in _faults)
        {
            if (draw < share)
            {
                return (fault, status);
            }

            draw -= share;
        }

        return (MockFault.None, 200);
    }

    private static double Share(string text)
    {
        bool percent = text.EndsWith('%');
        return double.TryParse(
            percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? percent ? value / 100 : value
            : double.NaN;
    }

    private static UserFaultException Unreadable(string part) => new(
        $"'{part}' is no fault.",
        "Write a status from 400 to 599, hang, cut, empty, html, choices or all, and its share, as in 500=5%,hang=1%.");
}
