namespace Spar.Web.Reports;

/// <summary>
/// Where the calls behind a figure are shown. A page that can show them cascades it to its sections; a report that stands
/// alone does not, and its figures are plain text.
/// </summary>
/// <param name="Calls">The address of the calls whose keys begin with a prefix.</param>
/// <param name="Prompts">The address of the prompts of an iteration, with an outcome (null: any).</param>
/// <param name="Rows">The address of the training rows of an iteration.</param>
public sealed record CallLinks(Func<string, string> Calls, Func<int, string?, string> Prompts, Func<int, string> Rows);
