"""Test score of scikit-learn's logistic or linear regression on rows that study/tables.ts has written. Arguments: folder, classes|numbers."""
import sys

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

folder, kind = sys.argv[1:]


def read(part):
    y = np.fromfile(f"{folder}/{part}.y", np.float32)
    return np.fromfile(f"{folder}/{part}.x", np.float32).reshape(len(y), -1), y


(x, y), (xt, yt) = read("fit"), read("test")
scaler = StandardScaler().fit(x)
if kind == "classes":
    print(LogisticRegression(max_iter=2000).fit(scaler.transform(x), y).score(scaler.transform(xt), yt))
else:
    error = LinearRegression().fit(scaler.transform(x), y).predict(scaler.transform(xt)) - yt
    print(np.sqrt(np.mean(error**2)))
