namespace Spar.Calls;

/// <summary>Why an answer ended, in the one vocabulary that all of the project uses.</summary>
public enum FinishReason
{
    /// <summary>The model ended it, or a stop text did.</summary>
    Stop,

    /// <summary>The limit of tokens was reached, or the end of the model's context.</summary>
    Length,

    /// <summary>A filter of the server took it back, or the model refused by the server's own word for it.</summary>
    Filter,

    /// <summary>The server broke it off.</summary>
    Aborted,

    /// <summary>Nobody said, or in a word that is not known.</summary>
    Unknown,
}

/// <summary>Reads the words that servers use for why an answer ended.</summary>
public static class FinishReasons
{
    // The words of OpenAI's interface, vLLM, SGLang, TGI, llama.cpp, Ollama, TensorRT-LLM, LMDeploy, Mistral, Anthropic,
    // Google, Cohere, Bedrock and DeepSeek, in lower case and with underscores.
    private static readonly Dictionary<string, FinishReason> s_words = new(StringComparer.Ordinal)
    {
        ["stop"] = FinishReason.Stop,
        ["stopped"] = FinishReason.Stop,
        ["eos"] = FinishReason.Stop,
        ["eos_token"] = FinishReason.Stop,
        ["end"] = FinishReason.Stop,
        ["end_id"] = FinishReason.Stop,
        ["end_turn"] = FinishReason.Stop,
        ["endturn"] = FinishReason.Stop,
        ["stop_sequence"] = FinishReason.Stop,
        ["stop_token"] = FinishReason.Stop,
        ["stop_string"] = FinishReason.Stop,
        ["stop_str"] = FinishReason.Stop,
        ["stop_word"] = FinishReason.Stop,
        ["stop_words"] = FinishReason.Stop,
        ["word"] = FinishReason.Stop,
        ["complete"] = FinishReason.Stop,
        ["completed"] = FinishReason.Stop,
        ["finish"] = FinishReason.Stop,
        ["finished"] = FinishReason.Stop,
        ["done"] = FinishReason.Stop,
        ["success"] = FinishReason.Stop,
        ["tool_call"] = FinishReason.Stop,
        ["tool_calls"] = FinishReason.Stop,
        ["tool_use"] = FinishReason.Stop,
        ["function_call"] = FinishReason.Stop,
        ["length"] = FinishReason.Length,
        ["limit"] = FinishReason.Length,
        ["max_tokens"] = FinishReason.Length,
        ["max_token"] = FinishReason.Length,
        ["max_length"] = FinishReason.Length,
        ["max_new_tokens"] = FinishReason.Length,
        ["max_output_tokens"] = FinishReason.Length,
        ["max_completion_tokens"] = FinishReason.Length,
        ["max_tokens_reached"] = FinishReason.Length,
        ["token_limit"] = FinishReason.Length,
        ["token_limit_reached"] = FinishReason.Length,
        ["model_length"] = FinishReason.Length,
        ["model_context_window_exceeded"] = FinishReason.Length,
        ["context_length"] = FinishReason.Length,
        ["context_length_exceeded"] = FinishReason.Length,
        ["context_window_exceeded"] = FinishReason.Length,
        ["incomplete"] = FinishReason.Length,
        ["truncated"] = FinishReason.Length,
        ["content_filter"] = FinishReason.Filter,
        ["content_filtered"] = FinishReason.Filter,
        ["filter"] = FinishReason.Filter,
        ["filtered"] = FinishReason.Filter,
        ["refusal"] = FinishReason.Filter,
        ["safety"] = FinishReason.Filter,
        ["recitation"] = FinishReason.Filter,
        ["blocklist"] = FinishReason.Filter,
        ["blocked"] = FinishReason.Filter,
        ["prohibited_content"] = FinishReason.Filter,
        ["spii"] = FinishReason.Filter,
        ["sensitive"] = FinishReason.Filter,
        ["moderation"] = FinishReason.Filter,
        ["guardrail_intervened"] = FinishReason.Filter,
        ["error_toxic"] = FinishReason.Filter,
        ["abort"] = FinishReason.Aborted,
        ["aborted"] = FinishReason.Aborted,
        ["error"] = FinishReason.Aborted,
        ["failed"] = FinishReason.Aborted,
        ["cancel"] = FinishReason.Aborted,
        ["canceled"] = FinishReason.Aborted,
        ["cancelled"] = FinishReason.Aborted,
        ["timeout"] = FinishReason.Aborted,
        ["time_limit"] = FinishReason.Aborted,
        ["disconnect"] = FinishReason.Aborted,
        ["disconnected"] = FinishReason.Aborted,
        ["network_error"] = FinishReason.Aborted,
        ["user_cancel"] = FinishReason.Aborted,
        ["insufficient_system_resource"] = FinishReason.Aborted,
    };

    /// <summary>What a word means.</summary>
    /// <param name="word">As the server said it, in any case, with blanks, dashes or underscores; may be null.</param>
    public static FinishReason Read(string? word)
    {
        if (word is null)
        {
            return FinishReason.Unknown;
        }

        string plain = word.Trim().ToLowerInvariant().Replace('-', '_').Replace(' ', '_');
        return s_words.GetValueOrDefault(plain.Replace("finish_reason_", "", StringComparison.Ordinal), FinishReason.Unknown);
    }
}
