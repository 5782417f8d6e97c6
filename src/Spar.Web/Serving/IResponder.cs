namespace Spar.Web.Serving;

/// <summary>Answers requests for one of the names that are served.</summary>
internal interface IResponder
{
    /// <summary>Writes one answer, its end last.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="choice">Which of the answers it is, from 0; each has a seed of its own.</param>
    /// <param name="write">Takes the pieces; never waits.</param>
    /// <param name="cancellationToken">The client has left.</param>
    /// <exception cref="ApiFaultException">This responder cannot give what is asked for.</exception>
    /// <exception cref="Ground.UserFaultException">The model cannot answer.</exception>
    Task AnswerAsync(
        GenerationSettings settings, int choice, Action<Piece> write, CancellationToken cancellationToken);
}
