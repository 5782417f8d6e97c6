using System.Globalization;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Templates;

namespace Spar.Evaluators;

/// <summary>Has a model judge one response, by the method's own judges.</summary>
internal sealed class JudgeCall(JudgeOptions options)
{
    private readonly TemplateSet _templates = TemplateSet.Load(options.Templates);
    private readonly Gate _gate = new(options.Gate);

    /// <summary>The diagnostic where an evaluator was given no model.</summary>
    public const string NoModel =
        "A model has to judge: give a ChatConfiguration with the judge's chat client.";

    /// <summary>What the judge says of a response.</summary>
    /// <exception cref="UserFaultException">The model cannot give what the judge needs, or calls failed.</exception>
    public async Task<(Valuation Valuation, bool? Passed)> JudgeAsync(
        ChatConfiguration chat, string instruction, string response, CancellationToken cancellationToken)
    {
        using CallSession session = new(options.Seed, options.Concurrency);
        IJudge judge = new JudgingSettings { Valuation = options.Valuation }.Create(
            [new ModelCaller(chat.ChatClient, session)], _templates, options.Sampling, options.Votes, _gate);
        string key = string.Create(
            CultureInfo.InvariantCulture, $"evaluate/{StableHash.Of($"{instruction}\0{response}"):x16}");
        Valuation valuation = await judge
            .JudgeAsync(key, instruction, response, cancellationToken).ConfigureAwait(false);
        return (valuation, _gate.VerdictOn(valuation) switch
        {
            Verdict.Yes => true,
            Verdict.No => false,
            _ => null,
        });
    }

    /// <summary>Why a verdict is what it is.</summary>
    public static string Reason(Valuation valuation)
    {
        string votes = valuation.Probability is double probability
            ? string.Create(CultureInfo.InvariantCulture, $"Probability of yes {probability:0.00}")
            : $"{valuation.Yes} yes, {valuation.No} no";
        string unread = valuation.Unparsed is { } reasons ? $", {reasons.Count} not readable ({reasons[0]})" : "";
        return valuation.Critique is string critique ? $"{votes}{unread}. {critique.Trim()}" : $"{votes}{unread}.";
    }
}
