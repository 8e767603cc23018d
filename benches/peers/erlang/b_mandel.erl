-module(b_mandel).
-export([main/1]).
%% float loop: escape counts over an N x N grid, at most 50 turns a point; check = sum of the counts
main(A) -> N = bench:arg(A, 400), bench:run("mandel", N, fun() -> rows(0, N, 0) end).
rows(N, N, S) -> S;
rows(Y, N, S) -> rows(Y + 1, N, cols(0, N, 2.0 * Y / N - 1.0, S)).
cols(N, N, _, S) -> S;
cols(X, N, Ci, S) -> cols(X + 1, N, Ci, S + escape(2.0 * X / N - 1.5, Ci, 0.0, 0.0, 0)).
escape(_, _, _, _, 50) -> 50;
escape(Cr, Ci, Zr, Zi, K) ->
    R2 = Zr * Zr, I2 = Zi * Zi,
    if R2 + I2 > 4.0 -> K;
       true -> escape(Cr, Ci, R2 - I2 + Cr, 2.0 * Zr * Zi + Ci, K + 1)
    end.
