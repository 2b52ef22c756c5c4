"use strict";
/*
 * Loaded into Azurite before its own code: it finds one row or message by the narrowest of its keys.
 *
 * Azurite asks its store, LokiJS, for { PartitionKey, RowKey } and { accountName, queueName, messageId }. LokiJS takes
 * the first key's index and looks through all that it leaves: all rows of the partition, all messages of the account.
 * So each step of a workflow takes longer than the one before. The other keys have indexes too. Here the key comes
 * first of which the fewest rows are left. What is found is the same: the keys are all asked for, and only one fits.
 *
 * If LokiJS is not built as expected, nothing is changed.
 */
const Module = require("node:module");

const load = Module._load;

Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === "lokijs") {
    Module._load = load;
    quicken(loaded?.Collection?.prototype);
  }
  return loaded;
};

function quicken(collection) {
  if (typeof collection?.findOne !== "function" || typeof collection.calculateRange !== "function") {
    return;
  }
  const findOne = collection.findOne;
  collection.findOne = function (query) {
    return findOne.call(this, narrowestFirst(this, query));
  };
}

function narrowestFirst(collection, query) {
  const names = Object.keys(query ?? {});
  if (names.length < 2 || !collection.adaptiveBinaryIndices || collection.data.length === 0) {
    return query;
  }
  let narrowest, least = Infinity;
  for (const name of names) {
    if (typeof query[name] === "string" && collection.binaryIndices[name]) {
      const [first, last] = collection.calculateRange("$eq", name, query[name]);
      if (last - first < least) {
        [narrowest, least] = [name, last - first];
      }
    }
  }
  return narrowest === undefined ? query : { [narrowest]: query[narrowest], ...query };
}
