"""Two real shops: some k passes all floors, and the cluster alone tells who buys again, out of fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import OneHotEncoder

from invoice_lab.segmentation import CustomerClusters, rfm_summary


@pytest.fixture(scope="module")
def online_retail(shared):
    lines = pd.read_parquet(shared / "transactions" / "online_retail.parquet").dropna(subset="CustomerID")
    lines = lines.assign(amount=lines["Quantity"] * lines["UnitPrice"])
    named = {"CustomerID": "customer_id", "InvoiceDate": "order_date"}
    orders = lines.groupby(["CustomerID", "InvoiceNo"], as_index=False).agg(
        InvoiceDate=("InvoiceDate", "min"), amount=("amount", "sum")
    )
    return orders.rename(columns=named)


@pytest.fixture(scope="module")
def cdnow(shared):
    names = ["customer_id", "order_date", "discs", "amount"]
    orders = pd.read_csv(shared / "transactions" / "cdnow_master.txt", sep=r"\s+", header=0, names=names)
    return orders.assign(order_date=pd.to_datetime(orders["order_date"].astype(str)))


def auc(model, labels, again):
    """Of the share of a cluster's customers who buy again, reckoned from other customers."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    clusters = OneHotEncoder().fit_transform(labels.reshape(-1, 1))
    return roc_auc_score(again, cross_val_predict(model, clusters, again, cv=folds, method="predict_proba")[:, 1])


def clustered(orders, day, days):
    day = pd.Timestamp(day)
    summary = rfm_summary(orders, day)
    bought = orders[(orders["order_date"].dt.normalize() > day) & (orders["amount"] > 0)]
    later = bought[bought["order_date"] < day + pd.Timedelta(days=days + 1)]
    model = CustomerClusters().fit(summary)
    return model, summary.index.isin(later["customer_id"]).astype(int)


@pytest.mark.parametrize(("returns", "least"), [(False, 0.71), (True, 0.70)])
def test_online_retail(online_retail, returns, least):
    """Credit notes bend the transform no more: with them, too, several clusters are stable."""
    orders = online_retail if returns else online_retail[online_retail["amount"] > 0]
    model, again = clustered(orders, "2011-09-10", 90)
    assert model.stable_ and model.k_ >= 4
    assert auc(LogisticRegression(), model.labels_, again) >= least
    assert auc(DummyClassifier(), model.labels_, again) == pytest.approx(0.5, abs=0.01)


def test_cdnow(cdnow):
    model, again = clustered(cdnow, "1997-09-30", 270)
    assert len(again) == 23_570 and model.stable_ and model.k_ >= 4
    assert auc(LogisticRegression(), model.labels_, again) >= 0.75
    assert np.median(model.null_) < model.stability_.median
