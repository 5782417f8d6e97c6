using System.CommandLine;
using Spar.SelfPlay;

namespace Spar.Cli.Arguments;

// The options of play that is cut into shards.
internal static partial class Options
{
    /// <summary>The share of an iteration's prompts that is played; null for all.</summary>
    public static Option<PlayShard?> Shard() =>
        new("--shard")
        {
            Description = "play only this share of the iteration's prompts, into a store of its own under shards/ of the "
                + "run directory; 'spar runs merge' unites the shards",
            HelpName = "k/n",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                PlayShard? shard = PlayShard.Parse(text);
                if (shard is null)
                {
                    result.AddError(Fault("--shard", "a share such as 2/4, the second of four", text));
                }

                return shard;
            },
        };

    /// <summary>Whether a session ends where shards are to play.</summary>
    public static Option<bool> UntilPlay() =>
        Flag("--until-play", "end before an iteration is played, so that shards can play it");
}
