using Spar.SelfPlay;

namespace Spar.Runtime.Experiments;

/// <summary>Is told how an experiment goes: its runs, and of the run in hand what any run tells.</summary>
public interface IExperimentObserver : IRunObserver
{
    /// <summary>Says how many runs there will be.</summary>
    /// <param name="runs">The number.</param>
    void Expect(int runs);

    /// <summary>Carries out a run.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="run">What it is called.</param>
    /// <param name="kept">It had ended before and is only read: there is nothing to show.</param>
    /// <param name="work">The run.</param>
    /// <param name="score">What it came to, in a few words; empty when there is nothing to say.</param>
    Task<T> ShowAsync<T>(string run, bool kept, Func<Task<T>> work, Func<T, string> score);
}
