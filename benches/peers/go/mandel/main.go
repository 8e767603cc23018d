package main

import "peers/bench"

func escape(cr, ci float64) int {
	zr, zi, k := 0.0, 0.0, 0
	for k != 50 {
		r2, i2 := zr*zr, zi*zi
		if r2+i2 > 4.0 {
			break
		}
		zr, zi, k = r2-i2+cr, 2.0*zr*zi+ci, k+1
	}
	return k
}

// float loop: escape counts over an n x n grid, at most 50 turns a point
func main() {
	n := bench.Arg(400)
	bench.Run("mandel", n, func() (interface{}, string) {
		s := 0
		for y := 0; y < n; y++ {
			ci := 2.0*float64(y)/float64(n) - 1.0
			for x := 0; x < n; x++ {
				s += escape(2.0*float64(x)/float64(n)-1.5, ci)
			}
		}
		return s, ""
	})
}
