package main

import "peers/bench"

type msg struct {
	f chan int
	i int
}

// 1000 ping-pong pairs at once, n round trips in all
func main() {
	n := bench.Arg(1000000)
	bench.Run("pairs", n, func() (interface{}, string) {
		each := n / 1000
		done := make(chan int, 1000)
		for k := 0; k < 1000; k++ {
			go func() {
				p := make(chan msg)
				me := make(chan int)
				go func() {
					for m := range p {
						m.f <- m.i
					}
				}()
				s := 0
				for i := each; i > 0; i-- {
					p <- msg{me, i}
					s += <-me
				}
				close(p)
				done <- s
			}()
		}
		a := 0
		for k := 0; k < 1000; k++ {
			a += <-done
		}
		return a, ""
	})
}
