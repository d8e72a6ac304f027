/// What the generated script for bash does not know: that bash breaks words at "=", and a setting
/// `key=value` is one word.
enum CompletionScript {
  private static let registration = "complete -o filenames -F _grpo grpo"

  /// The script with that added; any other text as it is.
  static func completed(_ text: String) -> String {
    text.replacing(registration, with: joining, maxReplacements: 1)
  }

  private static let joining = #"""
    # Bash breaks words at "=": joins them, and leaves of each completion what follows the break.
    _grpo_joined() {
        if [[ "${COMP_WORDBREAKS}" != *=* ]]; then
            _grpo "${@}"
            return
        fi
        local -a words=()
        local -i i index=0
        for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
            if ((i > 0)) && [[ "${COMP_WORDS[i]}" == "=" || "${COMP_WORDS[i - 1]}" == "=" ]]; then
                words[-1]+="${COMP_WORDS[i]}"
            else
                words+=("${COMP_WORDS[i]}")
            fi
            ((i == COMP_CWORD)) && index=$((${#words[@]} - 1))
        done
        local -r word="${words[index]}"
        local -r previous="${words[index - 1]}"
        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD="${index}"
        _grpo "${1}" "${word}" "${previous}"
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
        if [[ "${previous}" == --set || "${previous}" == --vary ]]; then
            compopt +o filenames 2>/dev/null
            [[ "${COMPREPLY[0]}" != *= ]] || compopt -o nospace 2>/dev/null
        fi
    }

    complete -o filenames -F _grpo_joined grpo
    """#
}
