# The parts of the actor layer, n operations each.
Code.require_file("bench.exs", __DIR__)

defmodule Adder do
  use GenServer
  def init(n), do: {:ok, n}
  def handle_call({:add, k}, _from, n), do: {:reply, n + k, n + k}
  def handle_cast({:add, k}, n), do: {:noreply, n + k}
end

defmodule Otp do
  def run(n) do
    {:ok, server} = GenServer.start_link(Adder, 0)
    {:ok, agent} = Agent.start_link(fn -> 0 end)
    {:ok, sup} = DynamicSupervisor.start_link(strategy: :one_for_one)
    for i <- 1..1000, do: Registry.register(Names, {:key, i}, i)

    figures = [
      call_ns: each(n, fn i -> GenServer.call(server, {:add, i}) end),
      cast_ns: each(n, fn i -> GenServer.cast(server, {:add, i}) end, fn -> GenServer.call(server, {:add, 0}) end),
      task_ns: each(n, fn i -> Task.await(Task.async(fn -> i end)) end),
      get_ns: each(n, fn _ -> Agent.get(agent, fn x -> x end) end),
      update_ns: each(n, fn i -> Agent.update(agent, fn x -> x + i end) end),
      lookup_ns: each(n, fn i -> Registry.lookup(Names, {:key, rem(i, 1000) + 1}) end),
      register_ns: each(n, fn i -> Registry.register(Names, i, nil) end),
      child_ns: each(div(n, 10), fn i -> DynamicSupervisor.start_child(sup, %{id: i, start: {Agent, :start_link, [fn -> i end]}}) end)
    ]

    sum = GenServer.call(server, {:add, 0}) + Agent.get(agent, fn x -> x end)
    Supervisor.stop(sup)
    {sum, figures}
  end

  def each(n, f, finish \\ fn -> nil end) do
    t = Bench.now()
    turns(n, f)
    finish.()
    div(Bench.now() - t, n)
  end

  def turns(0, _f), do: :ok

  def turns(n, f) do
    f.(n)
    turns(n - 1, f)
  end
end

n = Bench.arg(100_000)
# Who has registered is taken out when it ends.
{:ok, _} = Registry.start_link(keys: :unique, name: Names)
Bench.run("otp", n, fn -> Otp.run(n) end)
