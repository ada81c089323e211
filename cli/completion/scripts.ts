/**
 * What has each shell ask this program for candidates: a word a line, with a
 * tab before what it means; `:files` and `:folders` are the shell's own.
 */

import type { SHELLS } from "../commands/completion_options.ts";

const BASH = `_docker_pull() {
  local text=\${COMP_LINE:0:COMP_POINT} cur head= word kind=
  local -a typed
  # As the shell takes it apart: a backslash keeps a space in its word.
  read -a typed <<<"$text"
  case $text in *[[:space:]]) typed+=("") ;; esac
  cur=\${typed[\${#typed[@]}-1]}
  # Bash takes what follows these for a word of its own.
  case $cur in *[:=]*) head=\${cur%"\${cur##*[:=]}"} ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    case $word in
      :files) kind=-f ;;
      :folders) kind=-d ;;
      ?*) COMPREPLY+=("\${word#"$head"}") ;;
    esac
  done < <(docker-pull completion complete -- "\${typed[@]:1}" 2>/dev/null)
  if [ -n "$kind" ]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
      COMPREPLY+=("$word")
    done < <(compgen "$kind" -- "\${cur#"$head"}")
  fi
}
complete -F _docker_pull docker-pull
`;

const ZSH = `#compdef docker-pull
_docker_pull() {
  local word help kind
  local -a found
  while IFS=$'\\t' read -r word help; do
    case $word in
      :files) kind=files ;;
      :folders) kind=folders ;;
      ?*) found+=("\${word//:/\\\\:}\${help:+:$help}") ;;
    esac
  done < <(docker-pull completion complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe docker-pull found
  if [[ -n $kind ]]; then
    [[ $words[CURRENT] == --*=* ]] && compset -P '*='
    if [[ $kind == folders ]]; then _files -/; else _files; fi
  fi
}
if [[ $funcstack[1] == _docker-pull ]]; then
  _docker_pull "$@"
else
  compdef _docker_pull docker-pull
fi
`;

const FISH = `function __docker_pull_complete
  set -l typed (commandline -opc) (commandline -ct)
  for line in (docker-pull completion complete -- $typed[2..-1] 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':folders'
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c docker-pull -f -a '(__docker_pull_complete)'
`;

const POWERSHELL =
  `Register-ArgumentCompleter -Native -CommandName docker-pull -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |
    ForEach-Object { $_.ToString() })
  # Not every version hands an empty word on to a program.
  $what = if ($wordToComplete -eq '') { 'next' } else { 'complete' }
  docker-pull completion $what -- @typed 2>$null | ForEach-Object {
    $word, $help = $_ -split "\`t", 2
    if ($word -eq ':files' -or $word -eq ':folders') {
      Get-ChildItem -Path "$wordToComplete*" -Directory:($word -eq ':folders') \`
        -ErrorAction SilentlyContinue |
        ForEach-Object {
          $path = Resolve-Path -Relative -LiteralPath $_.FullName
          if ($path -match '[^\\w.:/\\\\-]') {
            $path = "'" + $path.Replace("'", "''") + "'"
          }
          [System.Management.Automation.CompletionResult]::new(
            $path, $path, 'ProviderItem', $path)
        }
    } else {
      if (-not $help) { $help = $word }
      [System.Management.Automation.CompletionResult]::new(
        $word, $word, 'ParameterValue', $help)
    }
  }
}
`;

/** The script of each shell. */
export const SCRIPTS: Readonly<Record<typeof SHELLS[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};
