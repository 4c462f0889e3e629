#include "CPostgres.h"

#define LIBRARY "libpq.so.5"

/* Every function of libpq that is called here, and by the tests; what each gives where there is no libpq is what it gives for a connection that was
   never made. */
#define FUNCTIONS(DO) \
    DO(int, PQbackendPID, (const PGconn *conn), (conn), 0) \
    DO(int, PQcancel, (PGcancel *cancel, char *errbuf, int errbufsize), (cancel, errbuf, errbufsize), 0) \
    DO(char *, PQcmdStatus, (PGresult *res), (res), "") \
    DO(char *, PQcmdTuples, (PGresult *res), (res), "") \
    DO(PostgresPollingStatusType, PQconnectPoll, (PGconn *conn), (conn), PGRES_POLLING_FAILED) \
    DO(PGconn *, PQconnectStartParams, (const char *const *keywords, const char *const *values, int expand_dbname), \
       (keywords, values, expand_dbname), NULL) \
    DO(PGconn *, PQconnectdb, (const char *conninfo), (conninfo), NULL) \
    DO(PQconninfoOption *, PQconninfoParse, (const char *conninfo, char **errmsg), (conninfo, errmsg), NULL) \
    DO(int, PQconsumeInput, (PGconn *conn), (conn), 0) \
    DO(PGresult *, PQdescribePrepared, (PGconn *conn, const char *stmt), (conn, stmt), NULL) \
    DO(int, PQenterPipelineMode, (PGconn *conn), (conn), 0) \
    DO(char *, PQerrorMessage, (const PGconn *conn), (conn), "libpq is not there: apt-get install libpq5\n") \
    DO(PGresult *, PQexecParams, (PGconn *conn, const char *command, int nParams, const Oid *paramTypes, const char *const *paramValues, \
       const int *paramLengths, const int *paramFormats, int resultFormat), \
       (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat), NULL) \
    DO(int, PQexitPipelineMode, (PGconn *conn), (conn), 0) \
    DO(int, PQflush, (PGconn *conn), (conn), -1) \
    DO(char *, PQfname, (const PGresult *res, int field_num), (res, field_num), NULL) \
    DO(PGcancel *, PQgetCancel, (PGconn *conn), (conn), NULL) \
    DO(PGresult *, PQgetResult, (PGconn *conn), (conn), NULL) \
    DO(int, PQgetisnull, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num), 1) \
    DO(int, PQgetlength, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num), 0) \
    DO(char *, PQgetvalue, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num), "") \
    DO(int, PQisBusy, (PGconn *conn), (conn), 0) \
    DO(int, PQnfields, (const PGresult *res), (res), 0) \
    DO(PGnotify *, PQnotifies, (PGconn *conn), (conn), NULL) \
    DO(int, PQnparams, (const PGresult *res), (res), 0) \
    DO(int, PQntuples, (const PGresult *res), (res), 0) \
    DO(Oid, PQparamtype, (const PGresult *res, int param_num), (res, param_num), InvalidOid) \
    DO(PGPing, PQping, (const char *conninfo), (conninfo), PQPING_NO_ATTEMPT) \
    DO(PGpipelineStatus, PQpipelineStatus, (const PGconn *conn), (conn), PQ_PIPELINE_OFF) \
    DO(int, PQpipelineSync, (PGconn *conn), (conn), 0) \
    DO(PGresult *, PQprepare, (PGconn *conn, const char *stmtName, const char *query, int nParams, const Oid *paramTypes), \
       (conn, stmtName, query, nParams, paramTypes), NULL) \
    DO(char *, PQresultErrorField, (const PGresult *res, int fieldcode), (res, fieldcode), NULL) \
    DO(ExecStatusType, PQresultStatus, (const PGresult *res), (res), PGRES_FATAL_ERROR) \
    DO(int, PQsendPrepare, (PGconn *conn, const char *stmtName, const char *query, int nParams, const Oid *paramTypes), \
       (conn, stmtName, query, nParams, paramTypes), 0) \
    DO(int, PQsendQuery, (PGconn *conn, const char *query), (conn, query), 0) \
    DO(int, PQsendQueryParams, (PGconn *conn, const char *command, int nParams, const Oid *paramTypes, const char *const *paramValues, \
       const int *paramLengths, const int *paramFormats, int resultFormat), \
       (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat), 0) \
    DO(int, PQsendQueryPrepared, (PGconn *conn, const char *stmtName, int nParams, const char *const *paramValues, const int *paramLengths, \
       const int *paramFormats, int resultFormat), \
       (conn, stmtName, nParams, paramValues, paramLengths, paramFormats, resultFormat), 0) \
    DO(PQnoticeReceiver, PQsetNoticeReceiver, (PGconn *conn, PQnoticeReceiver proc, void *arg), (conn, proc, arg), NULL) \
    DO(int, PQsetnonblocking, (PGconn *conn, int arg), (conn, arg), -1) \
    DO(int, PQsocket, (const PGconn *conn), (conn), -1) \
    DO(ConnStatusType, PQstatus, (const PGconn *conn), (conn), CONNECTION_BAD) \
    DO(PGTransactionStatusType, PQtransactionStatus, (const PGconn *conn), (conn), PQTRANS_UNKNOWN)

#define PROCEDURES(DO) \
    DO(PQclear, (PGresult *res), (res)) \
    DO(PQconninfoFree, (PQconninfoOption *connOptions), (connOptions)) \
    DO(PQfinish, (PGconn *conn), (conn)) \
    DO(PQfreeCancel, (PGcancel *cancel), (cancel)) \
    DO(PQfreemem, (void *ptr), (ptr))

#include "loading.h"

int rpcd_libpq_is_there(void) { return rpcd_may_call(); }
