# Timing helper, same output line as the other languages. The function gives the check value, or {check, [key: value]}.
defmodule Bench do
  def arg(default) do
    case System.argv() do
      [n | _] -> String.to_integer(n)
      [] -> default
    end
  end

  def now, do: System.monotonic_time(:nanosecond)

  def run(name, size, f) do
    for rep <- 1..String.to_integer(System.get_env("BENCH_REPS", "1")) do
      {us, result} =
        Task.await(Task.async(fn ->
          t = now()
          result = f.()
          {(now() - t) / 1000, result}
        end), :infinity)

      {check, figures} = if is_tuple(result), do: result, else: {result, []}
      more = Enum.map(figures, fn {key, value} -> " #{key}=#{value}" end)
      IO.puts("RESULT #{name} size=#{size} rep=#{rep} us=#{Float.round(us, 1)} check=#{check}#{more}")
    end
  end
end
