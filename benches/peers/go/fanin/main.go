package main

import "peers/bench"

// 100 senders, one receiver, n messages in all (buffered n: no sender blocks, as in an actor mailbox)
func main() {
	n := bench.Arg(1000000)
	bench.Run("fanin", n, func() (interface{}, string) {
		each := n / 100
		c := make(chan int, n)
		for s := 0; s < 100; s++ {
			go func() {
				for k := each; k > 0; k-- {
					c <- k
				}
			}()
		}
		a := 0
		for i := 0; i < 100*each; i++ {
			a += <-c
		}
		return a, ""
	})
}
