using System.Globalization;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Nano;
using Spar.Recipes;
using Spar.Runtime.Nano;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Runtime.Verifiers;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>
/// Who teaches M_0 and R_0, and writes the checks of method autoif: a model, files of lessons or rules where the recipe
/// names them, else the nano world's program, or for prompts of one's own nobody.
/// </summary>
internal static class Teachers
{
    /// <summary>The key of a teacher that is a model.</summary>
    public const string ModelKey = $"{RunIdentities.TeacherKeys}model";

    /// <summary>Whether M_0 and R_0 have a teacher.</summary>
    /// <param name="recipe">The recipe.</param>
    public static bool Has(RunRecipe recipe) => recipe.Teacher is not null || recipe.Prompts is null;

    /// <summary>The teacher; null where there is none.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="templates">The run's prompt set.</param>
    /// <param name="lessons">The lessons of <see cref="CreateLessons"/>.</param>
    /// <param name="own">The run's own prompts; null for the nano world's.</param>
    public static Teacher? Create(RunRecipe recipe, TemplateSet templates, FileLessons? lessons, FilePrompts? own)
    {
        Recipe method = recipe.Method;
        return
            lessons is not null ? new Teacher.Ready(lessons)
            : recipe.Teacher is { Model: { } model } teacher ? new Teacher.Model(
                model, teacher.Respond.Over(method.Respond), teacher.Judge.Over(method.Judge),
                teacher.Refine.Over(method.Refine))
            : recipe.Teacher is { Mend: true } rules ? new Teacher.Mending(
                method.ActorStart, rules.Respond.Over(method.Respond), new ConstraintMender(own!.Constraints),
                new IFEvalVerifier(own.Constraints, [IFEvalVerifier.All], whole: true))
            {
                InPlay = rules.Play == true,
            }
            : recipe.Prompts is null ? new Teacher.Program(new NanoTeacher(templates))
            : null;
    }

    /// <summary>The lessons that the recipe's files hold; null where it names none.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="identity">What the run directory began with.</param>
    /// <param name="measured">The prompts that the run's models are measured by.</param>
    public static FileLessons? CreateLessons(
        RunRecipe recipe, RunIdentity identity, Func<IEnumerable<MeasuredPrompt>> measured)
    {
        if (recipe.Teacher is not { Files.Count: > 0 } teacher)
        {
            return null;
        }

        bool nano = recipe.Prompts is null || Yardsticks.MeasuresNano(recipe);
        IReadOnlyList<string> away = recipe.Prompts?.KeepAwayFrom ?? [];
        return new FileLessons(
            teacher.Files,
            recipe.Method.Seed,
            () => away.SelectMany(MeasuredPrompts.Read).Concat(measured()),
            text => nano && HeldOut.Contains(text) ? "the built-in world's held-out tasks" : null,
            () => PromptSources.CheckFiles(
                RunIdentities.TeacherKeys, identity, () => RunIdentities.OfTeacher(teacher, recipe.Servers)));
    }

    /// <summary>The method in numbers: without a teacher there is nothing to train M_0 and R_0 on.</summary>
    /// <param name="recipe">The recipe.</param>
    public static Recipe MethodOf(RunRecipe recipe)
    {
        Recipe method = recipe.Method;
        return Has(recipe)
            ? method
            : method with
            {
                ActorSft = method.ActorSft with { Epochs = 0 },
                RefinerSft = method.RefinerSft with { Epochs = 0 },
            };
    }

    /// <summary>The method in numbers, with as many lessons as files have, where they have too few.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <exception cref="SparException">A file cannot be read.</exception>
    public static Recipe WithCountedLessons(RunRecipe recipe)
    {
        Recipe method = recipe.Method;
        if (CreateLessons(recipe, RunIdentities.Of(recipe), () => []) is not { } lessons)
        {
            return method;
        }

        lessons.Open(method.SftPrompts, method.RefinerPrompts, CancellationToken.None);
        return method with
        {
            SftPrompts = Math.Max(1, lessons.Responses.Count),
            RefinerPrompts = Math.Max(1, lessons.Refiner.Count),
        };
    }

    /// <summary>The writer of checks; null where M_0 writes them.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="templates">The run's prompt set.</param>
    public static ICheckWriter? CreateCheckWriter(RunRecipe recipe, TemplateSet templates) =>
        recipe.Prompts is null ? new NanoCheckWriter(templates, recipe.Nano.CheckError) : null;

    /// <summary>Checks that the files are there and begin with a lesson, and that the model can be asked.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        foreach ((int i, string file) in (recipe.Teacher?.Files ?? []).Index()
            .Where(one => !string.IsNullOrWhiteSpace(one.Item)))
        {
            string key = FormattableString.Invariant($"{RunIdentities.TeacherKeys}files.{i}");
            check.Usable(key, () => LessonFile.CheckFirst(file));
        }

        if (recipe.Teacher is { Mend: true } && recipe.Prompts is null)
        {
            check.Usable($"{RunIdentities.TeacherKeys}mend", () => throw new SparException(
                "needs prompts with constraints that rules check: name them in prompts.files"));
        }

        check.That(
            recipe.Teacher is not { Play: true }
                || recipe.Method is { Method: TrainingMethod.Spar, Refinement: not RefinementKind.None },
            $"{RunIdentities.TeacherKeys}play",
            "must be left out where no failing response is refined in play (refinement: none, or a method other than "
            + "spar): the rules would never be asked", "true");

        if (recipe.Teacher is { Model: { } model } && Path.Exists(model))
        {
            check.Usable(ModelKey, () => ChatTemplate
                .For(Checkpoint.LoadTokenizer(model), recipe.TemplateDate)
                .Render([new Message("user", "Hello.")], addGenerationPrompt: true));
        }
    }

    /// <summary>Checks that a teacher can read what it is to judge.</summary>
    /// <param name="context">Tokens of its context.</param>
    /// <param name="longest">Tokens that a judgement may take, the instruction aside.</param>
    /// <param name="set">The prompt set.</param>
    /// <exception cref="SparException">It cannot.</exception>
    public static void CheckRoom(int context, long longest, string set)
    {
        if (longest > context)
        {
            throw new SparException(string.Create(
                CultureInfo.InvariantCulture,
                $"its context holds {context} tokens, and a judgement may take {longest} and the instruction with "
                + $"prompt set {set}; lower respond.max_tokens and teacher.judge.max_tokens, or take another teacher"));
        }
    }

    /// <summary>Keys of a recipe that say what is learnt from a teacher, where it has none.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="given">Whether a key stands in the recipe's file.</param>
    public static IEnumerable<string> Warnings(RunRecipe recipe, Func<string, bool> given)
    {
        if (Has(recipe))
        {
            yield break;
        }

        Recipe method = recipe.Method;
        string[] idle =
        [
            .. new (string Key, bool Asks)[]
            {
                ("sft_prompts", method.SftPrompts > 0),
                ("refiner_prompts", method.RefinerPrompts > 0),
                ("actor_sft", method.ActorSft.Epochs > 0),
                ("refiner_sft", method.RefinerSft.Epochs > 0),
            }.Where(one => one.Asks && given(one.Key)).Select(one => one.Key),
        ];
        if (idle.Length > 0)
        {
            yield return $"{string.Join(", ", idle)}: without effect, for nobody teaches: the recipe has prompts of "
                + "its own and no teacher. Name one (teacher.model or teacher.files), or leave these keys out.";
        }
    }
}
